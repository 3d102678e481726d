"""Attachments of a database whose server is degraded, and the commands about ownership."""

from odoo import _, api, models
from odoo.exceptions import UserError

from .. import admission


class IrAttachment(models.Model):
    """A degraded server keeps new files in the database, and moves no files."""

    _inherit = "ir.attachment"

    @api.model
    def _storage_locations(self):
        return {*super()._storage_locations(), *self.env["cloud.platform"]._filestore_kinds()}

    @api.model
    def _storage(self):
        location = super()._storage()
        if location == "db" or not admission.stops_writes(self.env.cr.dbname):
            return location
        if location in self._get_stores():
            return "db"  # force_storage() moves it once the configuration is right
        return location

    @api.model
    def _require_movable(self):
        # a degraded server keeps new files in the database, where other files do not belong
        if self._get_stores() and admission.stops_writes(self.env.cr.dbname):
            raise UserError(
                _("This server is degraded: it moves no files until its configuration is right.")
            )
        return super()._require_movable()

    @api.model
    def _explain_commands(self, claimable):
        if claimable:
            return _(
                "Run “odoo cloud_platform install -d %s” to have it own new files here.",
                self.env.cr.dbname,
            )
        return _(
            "Run “odoo cloud_platform fork -d %(name)s” to have it keep its own new files, or "
            "“odoo cloud_platform adopt -d %(name)s” if the original no longer exists.",
            name=self.env.cr.dbname,
        )
