"""HTTP request events: subscribe to be notified of each request that a server answers.

The first subscriber wraps Odoo's application; until then nothing is patched::

    subscribe(finished)                  # finished(request), after each request
    subscribe(finished, began=began)     # began(request), before Odoo sees it

Both are called in the thread that serves the request. ``ir.http`` does not see all requests: its
``_dispatch`` sees no static file, no request without a database, no websocket and no request
that fails before a controller is found. The calls::

    Application.__call__            began
        Request._serve_static       kind "static"
        Request._set_request_dispatcher(rule)    route and kind
        start_response              status; ``response_headers`` are added
    the server sends the body
    the end of the body, or its close()          finished

A request ends when its body was sent, because until then it occupies a worker; a websocket ends
with its handshake. Odoo writes its access line before ``finished``. Queries are counted until
Odoo returns the response, since core's own log resets the counters there.

``mount()`` answers a path without Odoo; no observer sees its requests.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Any

from odoo import http

from .observers import Observers

_logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# routes that load balancers and Prometheus request repeatedly
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

# each series has its own name for the JSON protocol
KINDS = {"jsonrpc": "json"}

# routes with parameters that name a model and a method
CALLS = ("/web/dataset/call_kw", "/web/dataset/call_button")


class ServedRequest:
    """A request; its fields are complete when it has finished.

    ``kind``        static, http, json, json2, rpc, websocket, or none (no controller found)
    ``route``       template of the route (``/web/content/<int:id>``), "static" or "unmatched":
                    never more values than an installation has routes
    ``method``      one of ``METHODS``, or OTHER
    ``status``      of the response; 500 if Odoo itself failed
    ``seconds``     from the call of Odoo until the body was sent
    ``queries``     number of SQL queries, ``query_seconds`` their duration
    ``database``    its name, None without a database
    ``user_id``     id of the user, None without a database
    ``environ``     of WSGI, for headers and path
    ``has_failed``  True if Odoo made the response from an exception (JSON-RPC: status 200)
    ``methods``     that the route declares, None if it declares none
    ``response_headers``    pairs that a ``began`` observer adds to the response
    """

    __slots__ = (
        "_began",
        "_request",
        "database",
        "environ",
        "has_failed",
        "is_finished",
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
        self.is_finished = False
        self._began = time.perf_counter()

    @property
    def is_probe(self) -> bool:
        """True for a health check or a scrape, which logs and metrics leave out."""
        return self.route in PROBES

    @property
    def is_logged_in(self) -> bool:
        """Return True if the request has the session of a user."""
        return bool(getattr(getattr(self._request, "session", None), "uid", None))

    @property
    def elapsed_seconds(self) -> float:
        """Seconds from the call of Odoo until now, or until the request has finished."""
        return self.seconds or time.perf_counter() - self._began

    @property
    def call(self) -> tuple[str, str] | None:
        """The model and the method of a call of the web client: ("res.partner", "read")."""
        if not self.route.startswith(CALLS):
            return None
        params = getattr(self._request, "params", None) or {}
        model, method = params.get("model"), params.get("method")
        # the client may have sent any type
        return (model, method) if isinstance(model, str) and isinstance(method, str) else None

    def match(self, request: Any, rule: Any) -> None:
        """Note the route of the request."""
        routing = rule.endpoint.routing
        self._request = request
        self.route = rule.rule
        self.methods = rule.methods
        self.kind = KINDS.get(routing["type"], routing["type"])
        if routing.get("websocket"):
            self.kind = "websocket"
        elif self.route.startswith(("/xmlrpc/", "/jsonrpc")):
            self.kind = "rpc"

    def note_answer(self) -> None:
        """Note what Odoo has counted for the request in this thread."""
        thread = threading.current_thread()
        self.database = getattr(thread, "dbname", None)
        self.user_id = getattr(thread, "uid", None)
        self.queries = getattr(thread, "query_count", 0)
        self.query_seconds = getattr(thread, "query_time", 0.0)

    def finish(self) -> None:
        """Notify the observers, once."""
        if not self.is_finished:
            self.is_finished = True
            self.seconds = time.perf_counter() - self._began
            _finished.notify(self)


Observer = Callable[[ServedRequest], None]
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_began: Observers[ServedRequest] = Observers(_logger)
_finished: Observers[ServedRequest] = Observers(_logger)
_served = threading.local()
_mounted: dict[str, Application] = {}


def subscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Call ``began`` before and ``finished`` after each request."""
    _observe()
    if began:
        _began.add(began)
    if finished:
        _finished.add(finished)


def unsubscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Stop calling ``began`` and ``finished``."""
    if began:
        _began.discard(began)
    if finished:
        _finished.discard(finished)


def mount(path: str, application: Application) -> None:
    """Let a WSGI application answer a path in place of Odoo, without a database or a session."""
    _observe()
    _mounted[path] = application


def unmount(path: str) -> None:
    """Let Odoo answer a path again."""
    _mounted.pop(path, None)


def current() -> ServedRequest | None:
    """Return the request that this thread serves, until Odoo has answered it."""
    return getattr(_served, "request", None)


class _Body:
    """The body of a response; it finishes the request when the server has sent it.

    The server iterates over the original body: no Python code runs between two parts.
    """

    __slots__ = ("_body", "_request")

    def __init__(self, body: Iterable[bytes], request: ServedRequest) -> None:
        self._body = body
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        parts = iter(self._body)
        for first in parts:
            # Finish after the last part, because werkzeug waits for the client before it calls
            # close(), and does not call it if the client resets the connection. Without a part
            # the headers are not sent yet.
            return chain((first,), parts, iter(self._request.finish, None))
        return iter(())

    def close(self) -> None:
        request = self._request
        # close() of the body of a websocket serves it until it ends
        if request.kind == "websocket":
            request.finish()
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            if not request.is_finished:
                request.finish()

    def __del__(self) -> None:
        # the client has reset the connection before the first part was sent
        if not self._request.is_finished:
            self._request.finish()


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
        if application := _mounted.get(environ.get("PATH_INFO", "")):
            return application(environ, start_response)
        if not _finished and not _began:
            return call(self, environ, start_response)
        request = _served.request = ServedRequest(environ)
        _began.notify(request)

        def recorded(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            request.status = int(status[:3])
            return start_response(status, headers + request.response_headers, *exc_info)

        try:
            body = call(self, environ, recorded)
        except BaseException:
            request.note_answer()
            request.finish()
            raise
        finally:
            _served.request = None
        request.note_answer()
        return _Body(body, request)

    return __call__


def _observed_static(serve: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(serve)
    def _serve_static(self: Any) -> Any:
        request = getattr(_served, "request", None)
        if request:
            request.kind = request.route = STATIC
        return serve(self)

    return _serve_static


def _observed_rule(dispatch: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(dispatch)
    def _set_request_dispatcher(self: Any, rule: Any) -> Any:
        request = getattr(_served, "request", None)
        if request:
            request.match(self, rule)
        return dispatch(self, rule)

    return _set_request_dispatcher


def _observed_error(handle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handle)
    def handle_error(self: Any, exc: Exception) -> Any:
        request = getattr(_served, "request", None)
        if request:
            request.has_failed = True
        return handle(self, exc)

    return handle_error
