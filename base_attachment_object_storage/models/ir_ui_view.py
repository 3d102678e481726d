"""Pages and reports with files that cannot be read; see ``core_patches/rendering.py``."""

from odoo import api, models

from ..core_patches import rendering


class IrUiView(models.Model):
    """Renders pages without files that cannot be read."""

    _inherit = "ir.ui.view"

    @api.model
    def _render_template(self, template, values=None):
        with rendering.showing() as incomplete:
            try:
                return super()._render_template(template, values)
            finally:
                if incomplete:  # values that are written later must not depend on it
                    self.env.invalidate_all()


class IrActionsReport(models.Model):
    """Renders reports; a report that is stored needs all of its files."""

    _inherit = "ir.actions.report"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        if not self._get_report(report_ref).attachment:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        with rendering.storing():
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
