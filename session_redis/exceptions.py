"""The errors that end a request as a 503.

werkzeug ServiceUnavailable
    Unavailable
        SessionStoreUnavailable     Redis does not respond, or refuses
        DatabaseUnavailable         the same for PostgreSQL
"""

from werkzeug.exceptions import ServiceUnavailable

RETRY_AFTER_SECONDS = 5


class Unavailable(ServiceUnavailable):
    """A service cannot be reached now; this is also the response, a 503 with Retry-After.

    The text is werkzeug's: without a session, the language of the user is unknown.
    """

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER_SECONDS)

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
