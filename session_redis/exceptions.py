"""The errors that end a request as a 503.

werkzeug ServiceUnavailable
    Unavailable
        SessionStoreUnavailable     Redis does not respond, or refuses
        DatabaseUnavailable         the same for PostgreSQL
"""

from typing import Any

from werkzeug.exceptions import ServiceUnavailable

from .outage_page import content_of_outage

RETRY_AFTER_SECONDS = 5


class Unavailable(ServiceUnavailable):
    """A service cannot be reached now; this is also the response, a 503 with Retry-After.

    Its body is a page in the language of the browser, or JSON, see ``outage_page``.
    """

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER_SECONDS)

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        """Return the page for people, or the error for programs."""
        return content_of_outage(environ)[0]

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Return the headers of werkzeug with the type of the body."""
        headers = super().get_headers(environ, scope)
        others = [(name, value) for name, value in headers if name.lower() != "content-type"]
        content_type = content_of_outage(environ)[1]
        vary = ("Vary", "Accept, Accept-Language")
        return [("Content-Type", content_type), ("Cache-Control", "no-store"), vary, *others]

    @property
    def error_response(self) -> "Unavailable":
        """The response of ``http.Application`` to this exception: the exception itself.

        Dispatchers make another response (HTTP 200 for JSON-RPC) and store it here; a proxy and
        a browser must see the 503 instead.
        """
        return self

    @error_response.setter
    def error_response(self, response: object) -> None:
        """Ignore the response that a dispatcher makes."""


class SessionStoreUnavailable(Unavailable):
    """The session cannot be read or written now."""


class DatabaseUnavailable(Unavailable):
    """The database of the session cannot be opened now."""
