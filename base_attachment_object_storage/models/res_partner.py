from odoo import models

from .base import REPLACED


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        # 19.0 reads the old image first, so a lost image could not be replaced
        replaced = self._replaced_contents(vals)
        if not replaced.fields:
            return super().write(vals)
        try:
            records = self.with_context(**{REPLACED: replaced})
            return super(ResPartner, records).write(vals)
        except Exception:
            self.invalidate_recordset(replaced.fields, flush=False)
            raise
