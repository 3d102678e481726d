"""The sockets that serve metrics: a port over IPv4 or IPv6, and a socket in a folder."""

import contextlib
import logging
import os
import socket
import socketserver
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

_logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Yield a path to a socket of at most 108 bytes, the limit of the system."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def connected(path: Path) -> socket.socket:
    """Return a connection to a socket in a folder; wait for a place in its queue.

    :raises OSError: if no server listens, or the queue stays full
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # no timeout of Python here: with it a full queue is an error at once
    seconds = struct.pack("ll", int(TIMEOUT_SECONDS), 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
    try:
        with short_path(path) as short:
            connection.connect(short)
    except OSError:
        connection.close()
        raise
    connection.settimeout(TIMEOUT_SECONDS)
    return connection


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """A WSGI server with a thread for each request."""

    daemon_threads = True
    # connections that wait while the processor is busy; the system may allow fewer
    request_queue_size = 1024

    def server_bind(self) -> None:  # pylint: disable=missing-return
        """Bind the socket without a look-up of the name of the host."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 0
        self.setup_environ()


class PortServer(Server):
    """Listens on a port; ``::`` includes every IPv4 address."""

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        host, port = address[0].strip("[]"), address[1]
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        [*_family, found] = socket.getaddrinfo(
            host, port, self.address_family, socket.SOCK_STREAM, 0, socket.AI_PASSIVE
        )[0]
        super().__init__(found, handler)  # type: ignore[arg-type]

    def server_bind(self) -> None:  # pylint: disable=missing-return
        """Bind the port for IPv6 and IPv4."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()
        self.server_port = self.server_address[1]


class FolderServer(Server):
    """Listens on a socket in a folder."""

    address_family = socket.AF_UNIX

    def __init__(self, path: str, handler: type[WSGIRequestHandler]) -> None:
        self._path = path
        super().__init__((path, 0), handler)

    def server_bind(self) -> None:  # pylint: disable=missing-return
        """Bind the path."""
        # the type of the attribute includes a port
        self.server_address = self._path  # type: ignore[assignment]
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; a socket in a folder has no address of a client."""
        connection, _address = super().get_request()
        return connection, ("localhost", 0)


class Handler(WSGIRequestHandler):
    """Handles a request for metrics, and logs it with level DEBUG only."""

    timeout = TIMEOUT_SECONDS

    def log_message(self, *arguments: Any) -> None:
        """Log a request."""
        _logger.debug(*arguments)
