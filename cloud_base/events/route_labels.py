"""The labels of requests in metrics, bounded by the routes that an installation uses.

A stranger can request every route with every method, and have each request refused. So a request
has the label of its route only if it succeeds, if it has the session of a user, or if the route is
already known. All other requests have the label ``FAILED``.
"""

from .http_requests import ServedRequest

FAILED = "failed"
OTHER = "OTHER"

# methods of a route that declares none
USUAL = frozenset({"GET", "HEAD", "POST"})

# known routes and methods; a failed request of a stranger for a further one is FAILED
LIMIT = 1000


class RouteLabels:
    """The routes and methods that this process knows."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def get(self, request: ServedRequest) -> tuple[str, str]:
        """Return the labels for the route and the method of a finished request."""
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
    # an error of JSON-RPC has status 200, and the route has the type json
    return request.kind != "http" or not request.has_failed
