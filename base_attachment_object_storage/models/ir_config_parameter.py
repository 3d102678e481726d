"""System parameters of the suite are validated when they are written."""

from odoo import api, models
from odoo.exceptions import ValidationError

from odoo.addons.cloud_base import system_parameters
from odoo.addons.cloud_base.system_parameters import SystemParameter

from ..download import serving
from ..ownership import owner
from ..upload import placement

LOCATION = "ir_attachment.location"
LOCATIONS = "locations"

for parameter in (
    SystemParameter(LOCATION, choices=LOCATIONS),
    SystemParameter(placement.PARAMETER, parse=placement.Placement.parse),
    SystemParameter(serving.PARAMETER, parse=serving.Serving.parse),
    SystemParameter(owner.PARAMETER, parse=owner.Owner.require_record),
):
    system_parameters.register(parameter)


class IrConfigParameter(models.Model):
    """Refuses wrong values of the registered parameters."""

    _inherit = "ir.config_parameter"

    @api.model
    def _system_parameter_choices(self):
        """Return the accepted values of parameters that depend on the installed addons."""
        return {LOCATIONS: self.env["ir.attachment"]._storage_locations()}

    @api.constrains("key", "value")
    def _check_attachment_parameters(self):
        values = {parameter.key: parameter.value for parameter in self}
        # while modules are loaded, some choices of those that follow are not known
        choices = self._system_parameter_choices() if self.pool.ready else {}
        for _name, problem in system_parameters.problems(values, choices):
            raise ValidationError(problem)
