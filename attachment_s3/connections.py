"""HTTP connections to one server that are kept open, for all threads of a process.

They are the standard library's. The pool that botocore uses takes as long for a small request
as a near server does to answer it.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import SplitResult


class Connections:
    """Sends each request on a connection that is free, or else on a new one.

    :param url: of the server, of which the scheme and the host count
    :param tls: the trusted certificates, for https
    :param limit: the number of idle connections that are kept
    """

    def __init__(
        self,
        url: SplitResult,
        tls: ssl.SSLContext | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        limit: int,
    ) -> None:
        self._url = url
        self._tls = tls
        self._connect_timeout_seconds = connect_timeout_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._limit = limit
        self._free: list[http.client.HTTPConnection] = []

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Callable[[], "Answer"]:
        """Send a request once; the function that is returned waits for the answer.

        :raises OSError: where it cannot be sent, or is not answered
        """
        connection = self._take() or self._connect()
        sent = body if method == "PUT" else None  # empty content has a length as well
        with _closing_on_error(connection):
            connection.request(method, target, sent, headers)

        def answer() -> Answer:
            with _closing_on_error(connection):
                return Answer(self, connection, connection.getresponse())

        return answer

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection whose answer was read."""
        if len(self._free) < self._limit:
            self._free.append(connection)
        else:
            connection.close()

    def _take(self) -> http.client.HTTPConnection | None:
        from urllib3.util import wait_for_read

        while self._free:
            try:
                connection = self._free.pop()
            except IndexError:  # another thread was faster
                return None
            # nothing is asked, so what can be read is its end
            if connection.sock and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()
        return None

    def _connect(self) -> http.client.HTTPConnection:
        make: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
        if self._url.scheme == "https":
            make = partial(http.client.HTTPSConnection, context=self._tls)
        connection = make(
            self._url.hostname, self._url.port, timeout=self._connect_timeout_seconds
        )
        connection.connect()  # which has small packets sent at once (TCP_NODELAY)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sock.settimeout(self._read_timeout_seconds)
        return connection


class Answer:
    """An answer whose body is read once: by ``read()`` or ``chunks()``, or not, by ``close()``."""

    def __init__(
        self,
        connections: Connections,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
    ) -> None:
        self.status = response.status
        self.headers: Any = response.headers  # as a Mapping, whose names have any case
        self._connections = connections
        self._connection: http.client.HTTPConnection | None = connection
        self._response = response

    def read(self, limit: int | None = None) -> bytes:  # pylint: disable=method-required-super
        """Return the whole body; of one that is longer than ``limit`` bytes the beginning.

        :raises OSError: where it breaks off
        """
        try:
            with _as_os_errors():
                body = self._response.read(limit)
        except BaseException:
            self.close()
            raise
        if self._response.isclosed():
            self._release()
        else:
            self.close()  # the rest is of no interest
        return body

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the body in parts of at most ``size`` bytes.

        :raises OSError: where it breaks off
        """
        with _as_os_errors():
            while chunk := self._response.read(size):
                yield chunk
            if self._response.length:
                raise ConnectionError(f"{self._response.length} bytes are missing")
        self._release()

    def close(self) -> None:
        """End it; a connection with a body that was not read is of no use any more."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection and connection.sock:  # the server may have asked for its end
            self._connections.give_back(connection)


@contextmanager
def _closing_on_error(connection: http.client.HTTPConnection) -> Iterator[None]:
    try:
        with _as_os_errors():
            yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def _as_os_errors() -> Iterator[None]:
    """Raise a ``ConnectionError`` for an answer that the library cannot read."""
    try:
        yield
    except http.client.HTTPException as error:
        if isinstance(error, OSError):
            raise
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
