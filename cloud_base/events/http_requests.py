"""The HTTP requests that a front-end serves, told once to whoever counts or logs them.

How: the first subscriber has core's application observed; until then nothing is patched::

    subscribe(finished)                  # finished(request), after each request
    subscribe(finished, began=began)     # began(request), before Odoo sees it

Both are called in the thread that serves. What raises is reported once and disturbs nobody.

Why here and not in ``ir.http``: ``_dispatch`` sees no static file, no request without a
database, no websocket and nothing that fails before a controller is found. The calls::

    Application.__call__            began
        Request._serve_static       kind "static"
        Request._set_request_dispatcher(rule)    route and kind
        start_response              status; ``response_headers`` are added
    the server sends the body
    close() of the body             finished

When it ends: after the body was sent, for so long the worker is busy; a websocket's end is
its handshake. Odoo writes its access line before ``finished``. Queries are counted until
Odoo returns the response, where core's own log takes the counters away.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from odoo import http

from .observers import Observers

_logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What load balancers and Prometheus ask again and again
PROBES = frozenset(
    {
        "/cloud_platform/live",
        "/cloud_platform/ready",
        "/metrics",
        "/web/health",
        "/websocket/health",
    }
)

UNMATCHED = "unmatched"
STATIC = "static"

# the JSON protocol has another name on each series
KINDS = {"jsonrpc": "json"}

# whose parameters name a model and its method
CALLS = ("/web/dataset/call_kw", "/web/dataset/call_button")


class ServedRequest:
    """A request; complete when it is told as finished.

    ``kind``        static, http, json, json2, rpc, websocket, or none (no controller found)
    ``route``       template of the route (``/web/content/<int:id>``), "static" or "unmatched":
                    as many as an installation has routes, whatever is asked for
    ``method``      one of ``METHODS``, or OTHER
    ``status``      of the response; 500 where Odoo itself failed
    ``seconds``     from Odoo's entry until the body was sent
    ``queries``     SQL queries, ``query_seconds`` their duration
    ``database``    its name, None without one
    ``user_id``     id of the user who asked, None without a database
    ``environ``     WSGI's, for headers and path
    ``has_failed``  whether Odoo made the response of an exception; JSON-RPC's has status 200
    ``methods``     those that the route declares, None where it declares none
    ``response_headers``    pairs that a ``began`` observer adds to the response
    """

    __slots__ = (
        "_began",
        "_is_over",
        "_request",
        "database",
        "environ",
        "has_failed",
        "kind",
        "method",
        "methods",
        "queries",
        "query_seconds",
        "response_headers",
        "route",
        "seconds",
        "status",
        "user_id",
    )

    def __init__(self, environ: dict[str, Any]) -> None:
        method = environ.get("REQUEST_METHOD", "")
        self.environ = environ
        self.method = method if method in METHODS else "OTHER"
        self.kind = "none"
        self.route = UNMATCHED
        self.status = 500
        self.has_failed = False
        self.methods: Collection[str] | None = None
        self.seconds = 0.0
        self.queries = 0
        self.query_seconds = 0.0
        self.database: str | None = None
        self.user_id: int | None = None
        self.response_headers: list[tuple[str, str]] = []
        self._request: Any = None
        self._is_over = False
        self._began = time.perf_counter()

    @property
    def is_probe(self) -> bool:
        """Say whether it is one of those health checks that nobody needs to see."""
        return self.route in PROBES

    @property
    def is_logged_in(self) -> bool:
        """Return True if the request has the session of a user."""
        return bool(getattr(getattr(self._request, "session", None), "uid", None))

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from Odoo's entry until now, or until it was finished."""
        return self.seconds or time.perf_counter() - self._began

    @property
    def call(self) -> tuple[str, str] | None:
        """The model and the method that the web client called, as ("res.partner", "read")."""
        if not self.route.startswith(CALLS):
            return None
        params = getattr(self._request, "params", None) or {}
        model, method = params.get("model"), params.get("method")
        # whatever the client sent stands there
        return (model, method) if isinstance(model, str) and isinstance(method, str) else None

    def matched(self, request: Any, rule: Any) -> None:
        routing = rule.endpoint.routing
        self._request = request
        self.route = rule.rule
        self.methods = rule.methods
        self.kind = KINDS.get(routing["type"], routing["type"])
        if routing.get("websocket"):
            self.kind = "websocket"
        elif self.route.startswith(("/xmlrpc/", "/jsonrpc")):
            self.kind = "rpc"

    def answered(self) -> None:
        thread = threading.current_thread()
        self.database = getattr(thread, "dbname", None)
        self.user_id = getattr(thread, "uid", None)
        self.queries = getattr(thread, "query_count", 0)
        self.query_seconds = getattr(thread, "query_time", 0.0)

    def finished(self) -> None:
        if not self._is_over:
            self._is_over = True
            self.seconds = time.perf_counter() - self._began
            _finished.tell(self)


Observer = Callable[[ServedRequest], None]

_began: Observers[ServedRequest] = Observers(_logger)
_finished: Observers[ServedRequest] = Observers(_logger)
_served = threading.local()


def subscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Have ``began`` called before and ``finished`` after each request."""
    _observe()
    if began:
        _began.add(began)
    if finished:
        _finished.add(finished)


def unsubscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Undo ``subscribe``."""
    if began:
        _began.discard(began)
    if finished:
        _finished.discard(finished)


def current() -> ServedRequest | None:
    """Return the request that this thread serves, until Odoo has answered it."""
    return getattr(_served, "request", None)


class _Body:
    """A response's body that tells when the server is done with it."""

    __slots__ = ("_body", "_request")

    def __init__(self, body: Iterable[bytes], request: ServedRequest) -> None:
        self._body = body
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        is_sent = False
        for part in self._body:
            is_sent = True
            yield part
        # close() may not come: werkzeug's servers forget it where the client resets the
        # connection once it has what it wants. Without a part, the headers are still to be sent
        if is_sent:
            self._request.finished()

    def close(self) -> None:
        # what serves a websocket until it ends is called by the body's close()
        if self._request.kind == "websocket":
            self._request.finished()
        try:
            _close(self._body)
        finally:
            self._request.finished()

    def __del__(self) -> None:
        # where it was reset before
        self._request.finished()


def _close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()


@functools.cache
def _observe() -> None:
    http.Application.__call__ = _observed_call(http.Application.__call__)
    http.Request._serve_static = _observed_static(http.Request._serve_static)
    http.Request._set_request_dispatcher = _observed_rule(http.Request._set_request_dispatcher)
    for dispatcher in http._dispatchers.values():
        dispatcher.handle_error = _observed_error(dispatcher.handle_error)


def _observed_call(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not _finished and not _began:
            return call(self, environ, start_response)
        request = _served.request = ServedRequest(environ)
        _began.tell(request)

        def recorded(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            request.status = int(status[:3])
            return start_response(status, headers + request.response_headers, *exc_info)

        try:
            body = call(self, environ, recorded)
        except BaseException:
            request.answered()
            request.finished()
            raise
        finally:
            _served.request = None
        request.answered()
        return _Body(body, request)

    return __call__


def _observed_static(serve: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(serve)
    def _serve_static(self: Any) -> Any:
        request = current()
        if request:
            request.kind = request.route = STATIC
        return serve(self)

    return _serve_static


def _observed_rule(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(dispatch)
    def _set_request_dispatcher(self: Any, rule: Any) -> Any:
        request = current()
        if request:
            request.matched(self, rule)
        return dispatch(self, rule)

    return _set_request_dispatcher


def _observed_error(handle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handle)
    def handle_error(self: Any, exc: Exception) -> Any:
        request = current()
        if request:
            request.has_failed = True
        return handle(self, exc)

    return handle_error
