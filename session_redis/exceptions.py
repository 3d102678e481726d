"""What ends a request as a 503.

werkzeug ServiceUnavailable
    Unavailable
        SessionStoreUnavailable     Redis does not answer, or refuses
        DatabaseUnavailable         PostgreSQL does
"""

from werkzeug.exceptions import ServiceUnavailable

RETRY_AFTER_SECONDS = 5


class Unavailable(ServiceUnavailable):
    """Something cannot be reached now; an answer by itself, a 503 with Retry-After.

    Its text is werkzeug's own: without a session there is no language to translate to.
    """

    def __init__(self) -> None:
        super().__init__(retry_after=RETRY_AFTER_SECONDS)

    @property
    def error_response(self) -> "Unavailable":
        """The answer that ``http.Application`` gives for this exception: itself.

        Dispatchers make other answers of an exception (HTTP 200 for JSON-RPC) and store
        them here; a proxy and a browser must see the 503 instead.
        """
        return self

    @error_response.setter
    def error_response(self, response: object) -> None:
        pass


class SessionStoreUnavailable(Unavailable):
    """The session cannot be read or written now."""


class DatabaseUnavailable(Unavailable):
    """The database of the session cannot be opened now."""
