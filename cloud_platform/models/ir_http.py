"""Requests to a database with errors: they are answered 503, except for health checks."""

from werkzeug.exceptions import ServiceUnavailable

from odoo import models
from odoo.http import request
from odoo.tools import config

from .. import admission
from ..controllers.health import PATHS
from ..status import front_ends


class IrHttp(models.AbstractModel):
    """Answers 503 with ``Retry-After`` for a database that is closed."""

    _inherit = "ir.http"

    @classmethod
    def _match(cls, path_info):
        if path_info not in PATHS and admission.is_closed(request.env):
            raise ServiceUnavailable(
                "This database is closed: its cloud platform is not configured as it must be."
                " The log of the server has the reasons.",
                retry_after=int(admission.LOOK_AGAIN_SECONDS),
            )
        if not config["test_enable"]:
            front_ends.beat_if_due(request.env.registry)
        return super()._match(path_info)
