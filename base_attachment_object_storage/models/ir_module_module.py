"""Refuse to uninstall the addon of a store while attachments are stored there.

All ways to uninstall an addon (the Apps screen, the command line, RPC) call
``button_uninstall`` first. Later steps run while the registry is loaded, and an error there
would make it impossible to load the database.
"""

from odoo import _, models
from odoo.exceptions import UserError

IN_STORES = (
    "SELECT count(*) FROM ir_attachment"
    " WHERE EXISTS (SELECT 1 FROM unnest(%s) AS place WHERE starts_with(store_fname, place))"
)


class IrModuleModule(models.Model):
    """Refuses to uninstall the addon of a store that is in use."""

    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Uninstall, unless attachments are in a store of these addons."""
        # core refuses all other users
        if self.env.is_admin():
            self._require_empty_stores()
        return super().button_uninstall()

    def _require_empty_stores(self):
        going = self + self.downstream_dependencies()
        attachments = self.env["ir.attachment"].sudo()
        schemes = attachments._stores_of(going.mapped("name"))
        if not schemes:
            return
        attachments.flush_model()
        self.env.cr.execute(IN_STORES, [[f"{scheme}://" for scheme in schemes]])
        (count,) = self.env.cr.fetchone()
        location = self.env["ir.config_parameter"].sudo().get_param("ir_attachment.location")
        if count or location in schemes:
            raise UserError(
                _(
                    "Nothing was uninstalled: the content of %(count)s attachments is in a file "
                    "storage (%(stores)s) that could not be read any more, or new files still go "
                    "there. %(command)s",
                    count=count,
                    stores=", ".join(schemes),
                    command=self._explain_return(),
                )
            )

    def _explain_return(self):
        """Return the instruction that moves the files back."""
        return _(
            "Set the system parameter ir_attachment.location to “db” (or “file”), run "
            "env['ir.attachment'].force_storage() in “odoo shell”, and try again."
        )
