"""Partners whose image was lost."""

from odoo import models

from .base import REPLACED


class ResPartner(models.Model):
    """Lets users replace an image that cannot be read."""

    _inherit = "res.partner"

    def write(self, vals):
        """Write; the old values of replaced contents need not be readable."""
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
