"""The labels of requests in metrics: as many as an installation has routes that work.

A stranger can ask for every route, with every method, and have each request refused. So a request
is counted under its route only if it succeeds, if it has the session of a user, or if the route is
known already. All others have the label ``FAILED``.
"""

from .http_requests import ServedRequest

FAILED = "failed"
OTHER = "OTHER"

# methods that a route takes which declares none
USUAL = frozenset({"GET", "HEAD", "POST"})

# routes and methods that are known; those that come later are FAILED whenever a stranger fails
LIMIT = 1000


class RouteLabels:
    """The routes and methods that are known to this process."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def of(self, request: ServedRequest) -> tuple[str, str]:
        """Return the route and the method that a finished request is counted under."""
        if request.kind in ("none", "static"):
            return request.route, request.method
        method = request.method
        if method not in (USUAL if request.methods is None else request.methods):
            method = OTHER
        key = (request.route, method)
        if key not in self._known:
            if not (succeeded(request) or request.is_logged_in):
                return FAILED, method
            if len(self._known) < LIMIT:
                self._known.add(key)
        return key


def succeeded(request: ServedRequest) -> bool:
    """Return True if a controller answered; a redirect to the log-in page is an error."""
    if request.status >= 400:
        return False
    # what JSON-RPC answers has status 200 and a route that takes JSON
    return request.kind != "http" or not request.has_failed
