"""The message about the uninstallation of a store that still has files."""

from odoo import _, models


class IrModuleModule(models.Model):
    """Names the command that moves the files back."""

    _inherit = "ir.module.module"

    def _explain_return(self):
        return _(
            "Run “odoo cloud_platform uninstall -d %s” to move them back into the database, or "
            "with “--to file” to local files, and try again.",
            self.env.cr.dbname,
        )
