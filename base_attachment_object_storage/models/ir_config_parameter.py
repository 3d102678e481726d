from odoo import api, models
from odoo.exceptions import ValidationError

from ..serving import PARAMETER, Serving, ServingError


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_attachment_serving(self):
        for parameter in self:
            if parameter.key == PARAMETER and parameter.value:
                try:
                    Serving.parse(parameter.value)
                except ServingError as error:
                    raise ValidationError(str(error)) from error
