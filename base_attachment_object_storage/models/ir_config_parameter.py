"""The system parameters of attachments are validated when they are written."""

from collections.abc import Callable

from odoo import api, models
from odoo.exceptions import ValidationError

from ..download import serving
from ..upload import placement

# a parser for each parameter; it raises ValueError for a value that is not possible
READERS: dict[str, Callable[[str], object]] = {
    placement.PARAMETER: placement.Placement.parse,
    serving.PARAMETER: serving.Serving.parse,
}


class IrConfigParameter(models.Model):
    """Refuses wrong values of the parameters in ``READERS``."""

    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_attachment_parameters(self):
        for parameter in self.filtered("value"):
            if parameter.key in READERS:
                try:
                    READERS[parameter.key](parameter.value)
                except ValueError as error:
                    raise ValidationError(str(error)) from error
