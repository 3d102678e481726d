"""The response to a client when a store fails."""

from werkzeug import exceptions

from odoo import models
from odoo.exceptions import UserError
from odoo.http import request

from ..store import NotFound, Refused, StoreError, Unavailable

RETRY_AFTER_SECONDS = 30


class IrHttp(models.AbstractModel):
    """Turns errors of a store into HTTP responses."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        if isinstance(exception, StoreError):
            exception = cls._store_error_to_http(exception)
            if isinstance(exception, exceptions.ServiceUnavailable):
                # a separate response: website pages would drop Retry-After
                return exception.get_response(request.httprequest.environ)
        return super()._handle_error(exception)

    @classmethod
    def _store_error_to_http(cls, error):
        if request.dispatcher.routing_type != "http":
            return UserError(str(error))
        if isinstance(error, NotFound):
            return exceptions.NotFound(str(error))
        if isinstance(error, (Unavailable, Refused)):
            return exceptions.ServiceUnavailable(str(error), retry_after=RETRY_AFTER_SECONDS)
        return exceptions.InternalServerError(str(error))
