"""The weekly comparison of objects and rows, in slices of a scheduled action.

::

    weekly, and after each slice ── _continue ── _compare_slice ── ir.attachment._reconcile
"""

import json
import logging
from contextlib import suppress
from datetime import timedelta

import psycopg2

from odoo import _, api, fields, models

from odoo.addons.cloud_base.events import operations

from ..garbage.reconcile import Progress, ReconcileReport
from ..ownership.owner import PARAMETER, Owner, Standing
from ..scheduled_action import SLICE_SECONDS, repeat_for_ever
from ..store import StoreError, Unavailable, priority
from .ir_attachment_reconcile import MARGIN_HOURS

_logger = logging.getLogger(__name__)

OUTAGE_HOURS = 1
KEPT_RUNS = 20
COUNTS = ("objects", "used", "missing", "orphans", "orphan_bytes", "young", "marked", "unfinished")
# the events that metrics count, and their names in a report
EVENTS = {
    "missing_object": "missing",
    "orphaned_object": "marked",
    "unfinished_upload": "unfinished",
}
MOST_EVENTS = 10_000  # in a slice


class IrAttachmentReconcile(models.Model):
    """One comparison: its results so far, and its position.

    All keys up to ``position`` are compared. If a process dies in between, the state remains
    ``running``, and the scheduled action continues.
    """

    _name = "ir.attachment.reconcile"
    _description = "Comparison of Stored Objects with Attachments"
    _order = "id desc"
    _rec_name = "state"

    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="running",
    )
    position = fields.Char()
    objects = fields.Float(digits=(20, 0))
    used = fields.Float(digits=(20, 0))
    missing = fields.Integer()
    orphans = fields.Integer()
    orphan_bytes = fields.Float(digits=(20, 0))
    young = fields.Integer()
    marked = fields.Integer()
    unfinished = fields.Integer()
    missing_names = fields.Text(help="The first missing objects, a JSON list")
    message = fields.Char()
    ended = fields.Datetime()

    @api.model
    def _cron(self):
        return self.env.ref("base_attachment_object_storage.ir_cron_reconcile").sudo()

    @api.model
    def _repeat_for_ever(self):
        repeat_for_ever(self._cron())

    @api.model
    def _latest(self):
        """Return the running or the last comparison; an empty record if there is no comparison."""
        return self.search([], limit=1)

    @api.model
    def _continue(self):
        """Continue the running comparison, or start one; called by the scheduled action."""
        attachments = self.env["ir.attachment"].sudo()
        if not attachments._reconciles_itself():
            return
        run = self.search([("state", "=", "running")], limit=1)
        if not run:
            self.search([("state", "!=", "running")], offset=KEPT_RUNS - 1).unlink()
            run = self.create({})
        try:
            run._compare_slice(attachments)
        except Unavailable as error:
            run.message = str(error)
            self._cron()._trigger(at=fields.Datetime.now() + timedelta(hours=OUTAGE_HOURS))
        except StoreError as error:
            run._end("failed", str(error))
        except Exception as error:
            _logger.exception("The comparison %d ended with an unexpected error", run.id)
            run._fail(_("Unexpected error: %s. See the log of the server.", type(error).__name__))

    def _compare_slice(self, attachments):
        owner, objection = attachments._owner_that_may_delete()
        if objection:
            self._end("failed", objection)
            return
        report = ReconcileReport()
        progress = Progress(self.position or "", SLICE_SECONDS)
        margin = timedelta(hours=MARGIN_HOURS)
        with (
            priority.background(),
            operations.Operation("object_store", "reconcile", owner.scheme),
        ):
            attachments._reconcile(owner, margin, False, report, progress)
        self._add(report, owner.scheme)
        _logger.info("Comparison of objects and attachments: %s", report)
        if report.refused:
            self._end("failed", report.refused)
        elif progress.is_over:
            self.write({"position": progress.position, "message": ""})
            self._cron()._trigger()
        else:
            self._end("done", "")

    def _add(self, report, scheme):
        """Add the results of a slice, and count them for the metrics."""
        for name in report.missing_names:
            _logger.warning("A row names an object that is missing: %s", name)
        names = json.loads(self.missing_names or "[]") + report.missing_names
        values = {name: self[name] + getattr(report, name) for name in COUNTS}
        self.write({**values, "missing_names": json.dumps(names[:100])})
        for event, name in EVENTS.items():
            for _number in range(min(getattr(report, name), MOST_EVENTS)):
                operations.count("object_store", event, scheme)

    def _end(self, state, message):
        now = fields.Datetime.now()
        self.write({"state": state, "message": message, "position": False, "ended": now})

    @api.model
    def _separate_cursor(self):
        return self.pool.cursor()

    def _fail(self, message):
        """End the comparison, even if the transaction or its connection is broken."""
        with suppress(psycopg2.Error):
            self.env.cr.rollback()
        with self._separate_cursor() as cursor:
            runs = self.with_env(self.env(cr=cursor))
            # the rollback has removed a comparison that was just created
            (runs.exists() or runs.create({}))._end("failed", message)
            runs.flush_model()


class IrAttachment(models.Model):
    """Decides whether a database reconciles automatically."""

    _inherit = "ir.attachment"

    @api.model
    def _reconciles_itself(self):
        """Return True if this database owns objects; this sends no request to a store."""
        settings = self._attachment_storage_settings()
        record = Owner.parse(self._owner_parameter(PARAMETER))
        scheme = record and record.scheme
        return (
            bool(scheme)
            and not settings.disabled
            and scheme in self._get_stores()
            and self._store_standing(scheme) is Standing.OWNER
        )
