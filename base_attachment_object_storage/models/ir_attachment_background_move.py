"""A move that an administrator starts and a scheduled action continues, slice by slice."""

import logging
from contextlib import suppress

import psycopg2

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..scheduled_action import SLICE_SECONDS, repeat_for_ever
from ..store import StoreError

_logger = logging.getLogger(__name__)


class IrAttachmentBackgroundMove(models.Model):
    """One move: its results so far, and its state.

    Its progress is in the rows of the attachments. If a process dies in between, the state
    remains ``running``, and the scheduled action continues.
    """

    _name = "ir.attachment.background.move"
    _description = "Move of Attachments"
    _order = "id desc"
    _rec_name = "location"

    state = fields.Selection(
        [
            ("running", "Running"),
            ("stopping", "Stopping"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        required=True,
        default="running",
    )
    location = fields.Char(required=True)
    moved = fields.Integer()
    skipped = fields.Integer()
    failed = fields.Integer()
    total = fields.Integer()
    bytes = fields.Float(digits=(20, 0))
    total_bytes = fields.Float(digits=(20, 0))
    rate = fields.Float(help="Files a second")
    seconds_left = fields.Float()
    message = fields.Char()

    @api.model
    def _start(self):
        """Start a move to the present location, unless a move is running; return the move."""
        running = self._running()
        if running:
            return running
        attachments = self.env["ir.attachment"].sudo()
        attachments._require_movable()
        plan = attachments._plan_move()
        move = self.create(
            {
                "location": attachments._storage(),
                "total": plan["files"],
                "total_bytes": plan["bytes"],
            }
        )
        self._cron()._trigger()
        return move

    @api.model
    def _running(self):
        return self.search([("state", "in", ("running", "stopping"))], limit=1)

    def _stop(self):
        """Stop the move after its present batch."""
        self.filtered(lambda move: move.state == "running").state = "stopping"

    @api.model
    def _cron(self):
        return self.env.ref("base_attachment_object_storage.ir_cron_move").sudo()

    @api.model
    def _repeat_for_ever(self):
        repeat_for_ever(self._cron())

    @api.model
    def _continue(self):
        """Continue the running move for a slice of time; called by the scheduled action."""
        move = self._running()
        if move:
            self._continue_move(move)
        if not self._running():  # a move includes spilled content
            self.env["ir.attachment.spill"]._return()

    @api.model
    def _continue_move(self, move):
        if move.state == "stopping":
            move.state = "stopped"
            return
        attachments = self.env["ir.attachment"].sudo()
        if attachments._storage() != move.location:
            move._end("failed", _("The location of attachments has changed in between."))
            return
        before = move._figures()
        try:
            report = attachments._move(
                seconds=SLICE_SECONDS, progress=lambda done: move._note(before, done)
            )
        except (StoreError, UserError) as error:
            _logger.warning("The move %d ended: %s", move.id, error)
            move._fail(str(error))
            return
        except Exception as error:
            _logger.exception("The move %d ended with an unexpected error", move.id)
            move._fail(_("Unexpected error: %s. See the log of the server.", type(error).__name__))
            return
        move._note(before, report)
        # a new transaction, which sees and may change the row that the other cursor has written
        attachments._commit_batch()
        move.invalidate_recordset()
        if report.complete:
            move._end("done", "")
        elif move.state == "stopping":
            move._end("stopped", "")
        else:
            self._cron()._trigger()

    def _figures(self):
        return {name: self[name] for name in ("moved", "skipped", "failed", "bytes")}

    def _fail(self, message):
        """End the move, even if the transaction or its connection is broken."""
        with suppress(psycopg2.Error):
            self.env.cr.rollback()
        with self._separate_cursor() as cursor:
            cursor.execute(
                "UPDATE ir_attachment_background_move"
                "   SET state = 'failed', message = %s, seconds_left = 0 WHERE id = %s",
                (message, self.id),
            )
        self.invalidate_recordset()

    def _end(self, state, message):
        self.write({"state": state, "message": message, "seconds_left": 0})

    @api.model
    def _separate_cursor(self):
        return self.pool.cursor()

    def _note(self, before, report):
        """Record the progress; return True if the move must stop.

        This needs a separate cursor: users can only watch committed progress, and a user who
        stops the move writes the same row.
        """
        values = {
            "moved": before["moved"] + report.moved,
            "skipped": before["skipped"] + report.skipped,
            "failed": before["failed"] + len(report.failed),
            "bytes": before["bytes"] + report.bytes,
            "rate": report.rate,
            "seconds_left": report.seconds_left or 0,
        }
        columns = ", ".join(f"{name} = %({name})s" for name in values)
        try:
            with self._separate_cursor() as cursor:
                cursor.execute(
                    f"UPDATE ir_attachment_background_move SET {columns}"
                    " WHERE id = %(id)s RETURNING state",  # pylint: disable=sql-injection
                    {**values, "id": self.id},
                )
                return cursor.fetchone()[0] != "running"
        except psycopg2.errors.SerializationFailure:
            return False  # a user stops the move at this moment: seen after the next batch
