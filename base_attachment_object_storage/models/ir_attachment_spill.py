"""New content that waits in the database while the store is unavailable: it spills.

::

    create, write, commit ── Unavailable ── _may_spill ── in the database, in this transaction
                                                      └── a record, and a retry
    scheduled action ── _return_spilled ── _move      once the store answers

Core's mail, import and report code treats any error as permanent, so during an outage an error
would lose data. A refusal, a wrong setting and a copy of a database that must not
write do not spill: they stay errors.
"""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cloud_base.events.operations import count

from ..core_patches.mail_retry import retry_after_outages
from ..scheduled_action import SLICE_SECONDS
from ..store import StoreError, Unavailable

_logger = logging.getLogger(__name__)

MB = 1024 * 1024
RETRY = timedelta(minutes=1)


class IrAttachmentSpill(models.Model):
    """An attachment whose content waits in the database for the store."""

    _name = "ir.attachment.spill"
    _description = "Attachment That Waits for the File Storage"
    _log_access = False
    _rec_name = "attachment_id"

    attachment_id = fields.Many2one("ir.attachment", required=True, index=True, ondelete="cascade")
    bytes = fields.Float(digits=(20, 0))

    @api.model
    def _figures(self):
        """Return how many attachments wait, and how many bytes they have."""
        self.env.cr.execute("SELECT count(*), COALESCE(sum(bytes), 0) FROM ir_attachment_spill")
        files, size = self.env.cr.fetchone()
        return {"files": files, "bytes": int(size)}

    @api.model
    def _return(self):
        """Move what waits to the store; called by the scheduled action."""
        attachments = self.env["ir.attachment"].sudo().with_context(spilled_only=True)
        if not self._figures()["files"] or attachments._attachment_storage_settings().disabled:
            return
        attachments._commit_batch()  # a rollback below must not undo earlier work
        try:
            if attachments._storage() in attachments._get_stores():
                attachments._require_writable_store()
                report = attachments._move(seconds=SLICE_SECONDS)
                if report.skipped or not report.complete:
                    self._retry()
        except Unavailable:
            self.env.cr.rollback()
            self._retry()
        except (StoreError, UserError) as error:
            # an operator has to act: the next regular run tries again
            self.env.cr.rollback()
            _logger.warning("Attachments wait in the database: %s", error)
        self._forget_returned(attachments)

    @api.model
    def _forget_returned(self, attachments):
        """Delete the records of attachments that are where they belong, wherever that is."""
        condition, values = "FALSE", []
        if attachments._storage() in attachments._get_stores():
            condition, values = attachments._is_elsewhere()
        self.env.cr.execute(
            "DELETE FROM ir_attachment_spill WHERE NOT EXISTS (SELECT 1 FROM ir_attachment a"
            f" WHERE a.id = ir_attachment_spill.attachment_id AND ({condition}))",
            values,  # pylint: disable=sql-injection
        )

    @api.model
    def _retry(self):
        cron = self.env["ir.attachment.background.move"]._cron()
        cron._trigger(at=fields.Datetime.now() + RETRY)


class IrAttachment(models.Model):
    """Attachments that wait in the database while the store does not answer."""

    _inherit = "ir.attachment"

    def _register_hook(self):
        super()._register_hook()
        if "mail.mail" in self.env:
            retry_after_outages(type(self.env["mail.mail"]))

    @api.model
    def _may_spill(self, size):
        """Return True if content of some bytes may wait in the database."""
        settings = self._attachment_storage_settings()
        if size > settings.spill_max_mb * MB:
            return False
        waiting = self.env["ir.attachment.spill"]._figures()["bytes"]
        waiting += self._uploads().spilling_bytes
        return waiting + size <= settings.spill_total_mb * MB

    def _upload_or_spill(self, target, content, mimetype):
        """Return the row's name for its object; False if the content is for the database."""
        try:
            return self._upload(content, mimetype, target)
        except Unavailable:
            if not self._may_spill(len(content)):
                raise
        self._uploads().spilling_bytes += len(content)
        return False

    @api.model
    def _spill(self, upload, ids):
        """Return True if rows got the content of an upload that has failed."""
        if upload.content is None or not self._may_spill(upload.size):
            return False
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = NULL, db_datas = %s WHERE id = ANY(%s)",
            (upload.content.to_bytes(), ids),
        )
        spilled = self.browse(ids)
        spilled.invalidate_recordset(flush=False)
        spilled._register_spilled()
        return True

    def _require_stored(self, uploads):
        """Raise unless the object of each row of this transaction is stored, or has spilled."""
        memory = self._uploads()
        missing = [upload for upload in uploads if not upload.is_stored]
        if missing:
            self.flush_model(["store_fname"])
        for upload in missing:
            memory.require_object(upload)
        if memory.spilling_bytes:
            self._register_spilled()

    def _register_spilled(self):
        """Note those that wait in the database, and have a scheduled action move them."""
        self.flush_model(["store_fname", "db_datas", "mimetype", "file_size"])
        condition, values = self._is_elsewhere()
        self.env.cr.execute(
            "INSERT INTO ir_attachment_spill (attachment_id, bytes)"
            f" SELECT id, octet_length(db_datas) FROM ir_attachment WHERE id = ANY(%s)"
            f" AND store_fname IS NULL AND ({condition}) AND NOT EXISTS"
            " (SELECT FROM ir_attachment_spill s WHERE s.attachment_id = ir_attachment.id)",
            [self.ids, *values],  # pylint: disable=sql-injection
        )
        self._uploads().spilling_bytes = 0
        spilled = self.env.cr.rowcount
        if not spilled:
            return
        for _attachment in range(spilled):
            count("object_store", "spilled", self._storage())
        _logger.warning("%d attachments wait in the database for the store", spilled)
        spills = self.env["ir.attachment.spill"].sudo()
        if spills._figures()["files"] == spilled:  # else a retry is planned already
            spills._retry()

    @api.model
    def _is_elsewhere(self, objects=True):
        condition, values = super()._is_elsewhere(objects)
        if self.env.context.get("spilled_only"):
            condition = f"id IN (SELECT attachment_id FROM ir_attachment_spill) AND ({condition})"
        return condition, values
