"""The process or thread that renders ``/metrics``; never a worker that serves requests.

Call tree::

    Exporter.start()                in its own worker, or in a threaded server
        socket in the folder        for ``Relay``: workers answer /metrics through it
        separate port               for Prometheus, also while every worker is busy
            Exporter.__call__       WSGI: token, path, format
                _answer             values of all processes, at most every ``FRESH_SECONDS``
        every ``TIDY_SECONDS``      the files of ended workers are added to the totals
"""

import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from .access import is_local
from .aggregator import AllValues
from .families import Families, families, single
from .metrics import DAMAGED_FILES
from .sockets import TIMEOUT_SECONDS, FolderServer, Handler, PortServer, connected, short_path

_logger = logging.getLogger(__name__)

PATH = "/metrics"
SOCKET = "exporter.socket"
FRESH_SECONDS = 5.0
TIDY_SECONDS = 30.0

NEEDS_TOKEN = b"From this address metrics need a token: see ODOO_PROMETHEUS_TOKEN.\n"

StartResponse = Callable[..., Any]
Answer = tuple[HTTPStatus, list[tuple[str, str]], bytes]


class Exporter:
    """A WSGI application with the metrics of a server, and the sockets that serve it."""

    def __init__(self, directory: Path, token: str | None, more: Iterable[Family] = ()) -> None:
        self._directory = directory
        self._values = AllValues(directory)
        self._token = token
        self._more = tuple(more)
        self._servers: list[WSGIServer] = []
        self._lock = threading.Lock()
        self._rendered = 0.0
        self._texts: dict[str, bytes] = {}
        self._collected = Families(())
        self._stopped = threading.Event()

    def start(self, address: tuple[str, int] | None = None) -> None:
        """Listen on the socket in the folder, and on an address if there is one."""
        self._stopped = threading.Event()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # a client that may open the folder needs no token: the relay has checked it
        with short_path(self._directory / SOCKET) as path:
            (self._directory / SOCKET).unlink(missing_ok=True)
            self._serve(FolderServer(path, Handler), Exporter.answer_trusted)
        if address:
            try:
                self._serve(PortServer(address, Handler), Exporter.__call__)
            except OSError:
                self.stop()
                raise
        threading.Thread(
            target=self._tidy, args=(self._stopped,), name="metrics tidy", daemon=True
        ).start()

    def stop(self) -> None:
        """Close the sockets."""
        self._stopped.set()
        while self._servers:
            server = self._servers.pop()
            server.shutdown()
            server.server_close()

    @property
    def is_started(self) -> bool:
        """True while the sockets are open."""
        return bool(self._servers)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        answer = refused(environ, self._token) or self._answer(environ)
        return _send(answer, environ, start_response)

    def answer_trusted(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> list[bytes]:
        """Answer a client that was checked already (WSGI)."""
        return _send(self._answer(environ), environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        encode, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        # a scrape that waits here for another one gets the same text
        with self._lock:
            if not self._texts or time.monotonic() - self._rendered > FRESH_SECONDS:
                totals = self._values.collect()
                damaged = single(DAMAGED_FILES, {(): totals.damaged})
                self._collected = Families([*self._more, damaged, *families(totals)])
                self._texts = {}
                self._rendered = time.monotonic()
            if content_type not in self._texts:
                self._texts[content_type] = encode(self._collected)
            return HTTPStatus.OK, [("Content-Type", content_type)], self._texts[content_type]

    def _serve(self, server: WSGIServer, application: Callable[..., Any]) -> None:
        server.set_app(lambda *arguments: application(self, *arguments))
        self._servers.append(server)
        name = f"metrics {server.server_address!r}"
        threading.Thread(target=server.serve_forever, name=name, daemon=True).start()

    def _tidy(self, stopped: threading.Event) -> None:
        while not stopped.wait(TIDY_SECONDS):
            try:
                self._values.collect()
            except OSError:
                _logger.warning(
                    "The files of ended workers cannot be added to the totals", exc_info=True
                )


class Relay:
    """A WSGI application for Odoo's own port that gets ``/metrics`` from the exporter.

    That port is public, so without a token only this machine and private networks are answered.
    """

    def __init__(self, directory: Path, token: str | None) -> None:
        self._directory = directory
        self._token = token

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        answer = refused(environ, self._token)
        if answer is None and not self._token and not is_local(environ):
            answer = HTTPStatus.FORBIDDEN, [("Content-Type", "text/plain")], NEEDS_TOKEN
        answer = answer or self._request(environ.get("HTTP_ACCEPT", ""))
        return _send(answer, environ, start_response)

    def _request(self, accept: str) -> Answer:
        connection = HTTPConnection("localhost", timeout=TIMEOUT_SECONDS)
        try:
            connection.sock = connected(self._directory / SOCKET)
            connection.request("GET", PATH, headers={"Accept": accept})
            response = connection.getresponse()
            content = response.read()
            headers = [("Content-Type", response.getheader("Content-Type") or "text/plain")]
            return HTTPStatus(response.status), headers, content
        except (OSError, HTTPException) as error:
            _logger.warning("The exporter does not answer: %s", error)
            headers = [("Content-Type", "text/plain"), ("Retry-After", "5")]
            return HTTPStatus.SERVICE_UNAVAILABLE, headers, b"The exporter does not answer.\n"
        finally:
            connection.close()


def refused(environ: dict[str, Any], token: str | None) -> Answer | None:
    """Return the answer to a request for another path, method or without the token, else None."""
    if environ.get("PATH_INFO") != PATH:
        return HTTPStatus.NOT_FOUND, [("Content-Type", "text/plain")], b"See /metrics.\n"
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")], b""
    credentials = environ.get("HTTP_AUTHORIZATION", "")
    if token and not hmac.compare_digest(credentials.encode(), f"Bearer {token}".encode()):
        return HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Bearer")], b""
    return None


def _send(answer: Answer, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    status, headers, content = answer
    length = ("Content-Length", str(len(content)))
    start_response(
        f"{status.value} {status.phrase}", [*headers, length, ("Cache-Control", "no-store")]
    )
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [content]
