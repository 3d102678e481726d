"""The kind of platform is validated when it is written."""

from odoo import api, models

from odoo.addons.cloud_base import system_parameters
from odoo.addons.cloud_base.system_parameters import SystemParameter

from ..checks.inputs import KIND_PARAMETER

KINDS = "kinds"

system_parameters.register(SystemParameter(KIND_PARAMETER, choices=KINDS))


class IrConfigParameter(models.Model):
    """Adds the accepted kinds of platform."""

    _inherit = "ir.config_parameter"

    @api.model
    def _system_parameter_choices(self):
        platform = self.env["cloud.platform"]
        kinds = {*platform._platform_kinds(), *platform._former_kinds()}
        return {**super()._system_parameter_choices(), KINDS: kinds}
