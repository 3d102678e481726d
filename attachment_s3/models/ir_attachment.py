"""Registers ``s3`` as a place for attachments."""

from odoo import api, models

from ..settings import s3_settings
from ..store import store_for


class IrAttachment(models.Model):
    """Attachments whose ``store_fname`` is ``s3://bucket/key``."""

    _inherit = "ir.attachment"

    @api.model
    def _get_stores(self):
        return ["s3", *super()._get_stores()]

    @api.model
    def _s3_settings(self):
        return s3_settings()

    @api.model
    def _get_object_store(self, scheme, container=None):
        if scheme != "s3":
            return super()._get_object_store(scheme, container)
        settings = self._s3_settings()
        return store_for(settings, container or settings.bucket_for(self.env.cr.dbname))
