"""Menus whose icons cannot be read."""

from odoo import api, models

from .ir_attachment import SHOW_UNREADABLE


class IrUiMenu(models.Model):
    """Shows menus without icons that cannot be read."""

    _inherit = "ir.ui.menu"

    @api.model
    def load_menus(self, debug):
        """Return the menus; an icon that cannot be read is empty."""
        # an icon that cannot be read must not make the menu unusable
        menus = self.with_context(**{SHOW_UNREADABLE: True})
        return super(IrUiMenu, menus).load_menus(debug)
