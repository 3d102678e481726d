"""Who makes the text of ``/metrics``, never a worker that serves requests.

Call tree::

    Exporter.start()                in a worker of its own, or in a threaded server
        socket of the folder        asked by ``Relay``, which workers answer /metrics with
        port of its own             asked by Prometheus, while every worker is busy
            Exporter.__call__       WSGI: token, path, format
                _answer             numbers of all processes, at most every ``FRESH_SECONDS``
        every ``TIDY_SECONDS``      the files of ended workers are taken in, asked or not
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

NEEDS_TOKEN = b"From here metrics need a token: see ODOO_PROMETHEUS_TOKEN.\n"

StartResponse = Callable[..., Any]
Answer = tuple[HTTPStatus, list[tuple[str, str]], bytes]


class Exporter:
    """The metrics of a server as a WSGI application, and the sockets that it answers at."""

    def __init__(self, directory: Path, token: str | None, more: Iterable[Family] = ()) -> None:
        self._directory = directory
        self._values = AllValues(directory)
        self._token = token
        self._more = tuple(more)
        self._servers: list[WSGIServer] = []
        self._lock = threading.Lock()
        self._made = 0.0
        self._texts: dict[str, bytes] = {}
        self._collected = Families(())
        self._stopped = threading.Event()

    def start(self, address: tuple[str, int] | None = None) -> None:
        """Answer at the folder's socket, and at an address if there is one."""
        self._stopped = threading.Event()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # whoever may open the folder may ask without a token: the relay has checked it
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
        self._stopped.set()
        while self._servers:
            server = self._servers.pop()
            server.shutdown()
            server.server_close()

    @property
    def is_started(self) -> bool:
        return bool(self._servers)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        answer = refused(environ, self._token) or self._answer(environ)
        return _send(answer, environ, start_response)

    def answer_trusted(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> list[bytes]:
        return _send(self._answer(environ), environ, start_response)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        encode, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        # whoever waits here for another scrape gets the text of that
        with self._lock:
            if not self._texts or time.monotonic() - self._made > FRESH_SECONDS:
                totals = self._values.collect()
                damaged = single(DAMAGED_FILES, {(): totals.damaged})
                self._collected = Families([*self._more, damaged, *families(totals)])
                self._texts = {}
                self._made = time.monotonic()
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
                _logger.warning("The files of ended workers stay", exc_info=True)


class Relay:
    """WSGI: ``/metrics`` at Odoo's own port, answered by the exporter of the server.

    That port is public, so without a token only this machine and private networks are answered.
    """

    def __init__(self, directory: Path, token: str | None) -> None:
        self._directory = directory
        self._token = token

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        answer = refused(environ, self._token)
        if answer is None and not self._token and not is_local(environ):
            answer = HTTPStatus.FORBIDDEN, [("Content-Type", "text/plain")], NEEDS_TOKEN
        answer = answer or self._asked(environ.get("HTTP_ACCEPT", ""))
        return _send(answer, environ, start_response)

    def _asked(self, accept: str) -> Answer:
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
    """Return the answer to a request that is none for metrics, or lacks the token."""
    if environ.get("PATH_INFO") != PATH:
        return HTTPStatus.NOT_FOUND, [("Content-Type", "text/plain")], b"See /metrics.\n"
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")], b""
    given = environ.get("HTTP_AUTHORIZATION", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Bearer")], b""
    return None


def _send(answer: Answer, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    status, headers, content = answer
    length = ("Content-Length", str(len(content)))
    start_response(
        f"{status.value} {status.phrase}", [*headers, length, ("Cache-Control", "no-store")]
    )
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [content]
