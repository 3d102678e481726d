"""An HTTP server for tests, which answers as a function says: in the dialect of some vendor.

Example::

    def speak(request):
        return Reply(503, {"Retry-After": "1"}, b"<html>later")

    with DialectServer(speak) as server:
        ...                          # at server.url
        server.requests              # ["GET /bucket/key", …]

It also is an HTTP proxy: of an absolute address the host is in ``request.host``.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """A request; the names of ``headers`` are in lower case."""

    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """An answer; it gets a Content-Length if ``headers`` have no length and no encoding.

    ``cut`` ends the connection after so many bytes of the body.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: int | None = None


class DialectServer:
    """Answers each request with what ``speak(request)`` returns."""

    def __init__(self, speak: Callable[[Request], Reply]) -> None:
        self.speak = speak
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "DialectServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(server: DialectServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            request = self._request()
            server.requests.append(f"{request.method} {request.path}")
            reply = server.speak(request)
            self.send_response_only(reply.status)
            headers = dict(reply.headers)
            names = {name.lower() for name in headers}
            if not names & {"content-length", "transfer-encoding", "connection"}:
                headers["Content-Length"] = str(len(reply.body))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if request.method != "HEAD":
                self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            if reply.cut is not None or "connection" in names:
                self.close_connection = True

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def _request(self) -> Request:
            headers = {name.lower(): value for name, value in self.headers.items()}
            if "100-continue" in headers.get("expect", ""):
                self.send_response_only(100)
                self.end_headers()
            url = urlsplit(self.path)
            host = url.netloc or headers.get("host", "")
            body = self.rfile.read(int(headers.get("content-length") or 0))
            return Request(self.command, host, url.path, url.query, headers, body)

        def handle_expect_100(self) -> bool:
            return True  # _request() says so

        def log_message(self, *_line: object) -> None:
            pass

    return Handler
