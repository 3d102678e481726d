"""Move attachments between the database, local files and stores.

::

    force_storage() ── _move() ── MoveRun.run       see transfer/run.py
    _plan_move()                                    how much there is to move
"""

import logging
from functools import partial

from odoo import _, api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.cloud_base import system_parameters

from ..store import StoreError, priority
from ..transfer.destinations import (
    DatabaseDestination,
    FilestoreDestination,
    HookDestination,
    StoreDestination,
)
from ..transfer.places import PLACE
from ..transfer.readers import Readers
from ..transfer.report import Limits, MoveReport
from ..transfer.rows import SIZE, Condition, Rows, commit, see_commits_of_others
from ..transfer.run import MoveRun
from .ir_config_parameter import LOCATION

_logger = logging.getLogger(__name__)


class IrAttachment(models.Model):
    """Moves attachments to the present location."""

    _inherit = "ir.attachment"

    def _register_hook(self):
        super()._register_hook()
        # modules that load before this addon have stored content without it, see hooks.py
        if self.pool.updated_modules and self._storage() in self._get_stores():
            if not self._store_standing().may_write:
                return  # a copy of a database leaves its content where it is
            try:
                # objects in other containers are read there: a copy of a database must not
                # fetch all objects of the original when its modules are updated
                self.sudo()._move(objects=False)
            except StoreError:
                _logger.error(
                    "Attachments of updated modules are not in %s yet: "
                    "run env['ir.attachment'].force_storage() once the store works",
                    self._storage(),
                )

    @api.model
    def force_storage(self):
        """Move every attachment to the present location: ``db``, ``file`` or a store.

        Commits after each batch, and can be started again at any time.

        :return: ``MoveReport`` as a dictionary
        """
        if not self.env.is_admin():
            raise AccessError(_("Only administrators can execute this action."))
        # called with the report of the move after each batch
        progress = self.env.context.get("move_progress")
        return self.sudo()._move(progress=progress).as_dict()

    @api.model
    def _get_storage_domain(self):
        domain = super()._get_storage_domain()
        if self._storage() == "file":  # core looks for content in the database only
            for scheme in self._get_stores():
                domain = ["|", ("store_fname", "=like", f"{scheme}://%"), *domain]
        return domain

    def _migrate(self):  # pylint: disable=missing-return
        for attachment in self.with_context(image_no_postprocess=True):
            attachment._require_content()
            super(IrAttachment, attachment)._migrate()

    # --- moving

    @api.model
    def _move(
        self,
        objects=True,
        limit=None,
        seconds=None,
        progress=None,
        limit_bytes=None,
        verify=False,
    ):
        """Move content that is elsewhere to the present location.

        :param objects: also move objects of other containers
        :param limit: rows after which to stop
        :param limit_bytes: bytes after which to stop
        :param seconds: time after which to stop
        :param progress: called with the report after each commit; returns True to stop
        :param verify: read each stored object again
        :raises StoreError: if the destination accepts nothing, or this database is a copy, which
            must not write to it; its attribute ``report`` is the ``MoveReport``
        """
        self._require_movable()
        self.flush_model()
        self._commit_batch()
        see_commits_of_others(self.env.cr)
        plan = self._plan_move(objects)
        report = MoveReport(total=plan["files"], total_bytes=plan["bytes"])
        limits = Limits(limit, limit_bytes, seconds)
        try:
            self._run_move(objects, report, limits, progress, verify)
        except StoreError as error:
            error.report = report
            _logger.warning("The move to %s ended early: %s", self._storage(), report)
            raise
        finally:
            self._commit_batch()  # the next transaction has the usual isolation level
            for attachment_id, reason in report.failed:
                _logger.warning("Attachment %d was not moved: %s", attachment_id, reason)
        return report

    @api.model
    def _run_move(self, objects, report, limits, progress, verify):
        destination = self._move_destination()
        elsewhere = Condition(*self._is_elsewhere(objects))
        rows = Rows(self.env.cr, elsewhere, destination.protect, self.pool.cursor)
        run = MoveRun(
            rows,
            Readers(self),
            destination,
            report,
            limits,
            invalidate=self.invalidate_model,
            progress=progress,
            verify=verify,
        )
        with priority.background(), self._store_access(destination.location):
            run.run(self._attachment_storage_settings().move_threads)

    @api.model
    def _move_destination(self):
        """Return the destination of a move: the present location."""
        target = self._storage_target()
        if target.location == "db":
            return DatabaseDestination()
        if not target.is_store:
            return FilestoreDestination(self._filestore())
        rule, objects = target.placement, target.objects
        if objects.store is None:
            upload = partial(self._upload, target=target)
            return HookDestination(target.location, rule, upload, self._read_from_store)
        return StoreDestination(target.location, rule, objects.store, objects.owner)

    @api.model
    def _commit_batch(self):
        """Commit, except in a process that runs tests."""
        commit(self.env.cr)

    @api.model
    def _require_movable(self):
        """Raise ``UserError`` if no move may start now; for addons that override it."""
        if self._chosen_location():
            return
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.flush_model()
        # not by get_param(): its cache does not see a value that was written by SQL
        self.env.cr.execute(
            "SELECT key, value FROM ir_config_parameter WHERE key = %s", [LOCATION]
        )
        values = dict(self.env.cr.fetchall())
        choices = parameters._system_parameter_choices()
        for _name, problem in system_parameters.problems(values, choices):
            # core stores files locally for an unknown location
            raise UserError(_("No file was moved. %s", problem))

    @api.model
    def _plan_move(self, objects=True):
        """Return how much there is to move: ``files``, ``bytes``, and both by ``places``."""
        self.flush_model()
        condition, values = self._is_elsewhere(objects)
        self.env.cr.execute(
            f"""
            SELECT {PLACE}, count(*), COALESCE(sum({SIZE}), 0)
              FROM ir_attachment WHERE {condition}
             GROUP BY 1 ORDER BY 1
            """,  # pylint: disable=sql-injection
            values,
        )
        places = {
            place: {"files": files, "bytes": int(size)}
            for place, files, size in self.env.cr.fetchall()
        }
        return {
            "files": sum(place["files"] for place in places.values()),
            "bytes": sum(place["bytes"] for place in places.values()),
            "places": places,
        }

    @api.model
    def _is_elsewhere(self, objects=True):
        """Return the SQL condition on rows that are not at their destination, and its values."""
        location = self._storage()
        has_content = "octet_length(db_datas) > 0"
        if location == "db":
            return "type = 'binary' AND store_fname IS NOT NULL", []
        if location not in self._get_stores():
            schemes = [f"{name}://" for name in self._get_stores()]
            return (
                f"type = 'binary' AND CASE WHEN store_fname IS NULL THEN {has_content}"
                " ELSE EXISTS (SELECT 1 FROM unnest(%s::text[]) AS place"
                "               WHERE starts_with(store_fname, place)) END",
                [schemes],
            )
        kept, values = self._placement().sql("COALESCE(mimetype, '')", SIZE)
        in_place = self._prefixes_that_stay(location, objects)
        return (
            f"type = 'binary' AND CASE WHEN store_fname IS NULL THEN {has_content} AND NOT {kept}"
            " ELSE NOT EXISTS (SELECT 1 FROM unnest(%s::text[]) AS place"
            f"                  WHERE starts_with(store_fname, place)) OR (%s AND {kept}) END",
            [*values, in_place, objects, *values],
        )

    @api.model
    def _prefixes_that_stay(self, location, objects):
        if not objects:
            return [f"{name}://" for name in self._get_stores()]
        store = self._get_object_store(location)
        if store is None:
            return [f"{location}://"]
        # after a fork: objects of other owners, and flat keys of the old suite, move too
        own = f"{self._object_owner()}/" if self.env.context.get("move_other_keys") else ""
        return [f"{location}://{store.container}/{own}"]
