"""Registers ``swift`` as a place for attachments."""

from odoo import api, models

from ..settings import swift_settings
from ..store import store_for


class IrAttachment(models.Model):
    """Attachments whose ``store_fname`` is ``swift://container/key``."""

    _inherit = "ir.attachment"

    @api.model
    def _get_stores(self):
        return ["swift", *super()._get_stores()]

    @api.model
    def _swift_settings(self):
        return swift_settings()

    @api.model
    def _get_object_store(self, scheme, container=None):
        if scheme != "swift":
            return super()._get_object_store(scheme, container)
        settings = self._swift_settings()
        return store_for(settings, container or settings.container_for(self.env.cr.dbname))
