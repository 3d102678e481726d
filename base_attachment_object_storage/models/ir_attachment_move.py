"""Moving attachments between the database, local files and stores."""

import logging

from odoo import _, api, models
from odoo.exceptions import AccessError
from odoo.tools import config

from ..mover import MoveReport, Place, Row, move_batch
from ..store import StoreError

_logger = logging.getLogger(__name__)

BATCH = 100


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _register_hook(self):
        super()._register_hook()
        # modules that load before this addon have stored without it, see hooks.py
        if self.pool.updated_modules and self._storage() in self._get_stores():
            try:
                # objects elsewhere are read where they are: a copy of a database must not
                # fetch all of the original's when its modules are updated
                self.sudo()._move_to_store(objects=False)
            except StoreError:
                _logger.error(
                    "Attachments of updated modules are not in %s yet: "
                    "run env['ir.attachment'].force_storage() once the store works",
                    self._storage(),
                )

    @api.model
    def force_storage(self):
        """Move every attachment to the present location.

        To a store: returns a report (see ``MoveReport``), commits after each batch, and can
        be started again at any time. To ``db`` or ``file``: as core does.
        """
        if self._storage() not in self._get_stores():
            return super().force_storage()
        if not self.env.is_admin():
            raise AccessError(_("Only administrators can execute this action."))
        return self.sudo()._move_to_store().as_dict()

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

    @api.model
    def _move_to_store(self, objects=True):
        """Move what is elsewhere; ``objects`` says whether those of other containers too."""
        report = MoveReport()
        placement = self._placement()

        def keeps(row):
            return placement.stays_in_database(row.mimetype, row.size)

        def place(row, content):
            # a small image in a local file goes to the database: no file stays local
            return Place(None, content) if keeps(row) else Place(self._upload(content))

        self.flush_model()
        last_id = 0
        while rows := self._rows_to_move(last_id, objects):
            last_id = rows[-1].id
            to_move = [row for row in rows if row.store_fname or not keeps(row)]
            report.skipped += len(rows) - len(to_move)
            move_batch(to_move, report, self._content_of_row, place, self._swap_content)
            self.invalidate_model()
            self._commit_batch()
            _logger.info("Moving attachments to %s: %s", self._storage(), report)
        for attachment_id, reason in report.failed:
            _logger.warning("Attachment %d was not moved: %s", attachment_id, reason)
        return report

    @api.model
    def _rows_to_move(self, last_id, objects=True):
        """Return the next rows whose content is not in the container for new objects.

        Without ``objects``: in no store at all.
        """
        scheme = self._storage()
        store = self._get_object_store(scheme)
        in_place = [f"{scheme}://{store.container}/" if store else f"{scheme}://"]
        if not objects:
            in_place = [f"{name}://" for name in self._get_stores()]
        self.env.cr.execute(
            """
            SELECT id, store_fname, checksum, COALESCE(mimetype, ''),
                   COALESCE(file_size, octet_length(db_datas), 0)
              FROM ir_attachment
             WHERE id > %s AND type = 'binary'
               AND CASE WHEN store_fname IS NULL THEN octet_length(db_datas) > 0
                        ELSE NOT EXISTS (SELECT 1 FROM unnest(%s) AS place
                                          WHERE starts_with(store_fname, place)) END
             ORDER BY id LIMIT %s
            """,
            (last_id, in_place, BATCH),
        )
        return [Row(*values) for values in self.env.cr.fetchall()]

    @api.model
    def _content_of_row(self, row):
        if not row.store_fname:
            self.env.cr.execute("SELECT db_datas FROM ir_attachment WHERE id = %s", (row.id,))
            found = self.env.cr.fetchone()
            return bytes(found[0] or b"") if found else b""
        if self._is_file_from_a_store(row.store_fname):
            return self._read_from_store(row.store_fname)
        return self._file_read(row.store_fname)

    @api.model
    def _swap_content(self, row, place):
        """Point the row to its new place, unless it has changed or is being changed.

        Plain SQL: ``write()`` would encode images again, meet audit-trail guards and
        change ``write_date``.
        """
        self.env.cr.execute(
            """
            UPDATE ir_attachment SET store_fname = %s, db_datas = %s
             WHERE id IN (SELECT id FROM ir_attachment
                           WHERE id = %s AND store_fname IS NOT DISTINCT FROM %s
                             AND checksum IS NOT DISTINCT FROM %s
                             FOR UPDATE SKIP LOCKED)
            """,
            (place.store_fname, place.db_datas, row.id, row.store_fname, row.checksum),
        )
        swapped = bool(self.env.cr.rowcount)
        if swapped and row.store_fname:
            self._file_delete(row.store_fname)
        return swapped

    @api.model
    def _commit_batch(self):
        # a process that runs tests must not commit theirs; no batch depends on the commit
        if not config["test_enable"]:
            self.env.cr.commit()  # pylint: disable=invalid-commit
