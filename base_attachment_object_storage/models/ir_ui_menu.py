from odoo import api, models

from .ir_attachment import SHOW_UNREADABLE


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    @api.model
    def load_menus(self, debug):
        # an icon that cannot be read must not make the menu unusable
        menus = self.with_context(**{SHOW_UNREADABLE: True})
        return super(IrUiMenu, menus).load_menus(debug)
