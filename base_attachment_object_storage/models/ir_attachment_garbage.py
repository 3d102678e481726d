"""Marks on stored objects that a row has ceased to use."""

from odoo import fields, models


class IrAttachmentGarbage(models.Model):
    """A mark says: this object may be garbage since ``time``.

    It is written in the transaction that drops the row, so a rollback takes it back. It
    is a hint and no verdict: other rows may use the object, and the same object may be
    marked many times.
    """

    _name = "ir.attachment.garbage"
    _description = "Mark on a Stored Object"
    _log_access = False
    _order = "id"
    _rec_name = "store_fname"

    store_fname = fields.Char(string="Stored Filename", required=True, index=True)
    time = fields.Datetime(required=True)
