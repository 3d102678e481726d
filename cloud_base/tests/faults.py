"""A TCP proxy in front of a real server, which makes its connections fail.

Example::

    with FaultProxy("127.0.0.1", port) as proxy:
        ...                          # the server at (proxy.host, proxy.port), as it is
        proxy.answer(503, times=2)   # the next two requests never reach it
        proxy.reset(after=100)       # an answer breaks off; its request did reach the server
        proxy.pass_through()         # and all is well again
        proxy.requests               # ["PUT /bucket/key", …]
        proxy.turns                  # round trips, of any protocol

A fault holds for new connections and for those that are open, until the next one is set;
``latency`` and ``bandwidth`` come on top of any. HTTP/1.1 is understood where it is spoken;
any other protocol (RESP, TLS) passes as bytes, which count as the body of one long answer.

Threads: one accepts; each connection has one for each direction.
FaultProxy -> Connection -> pieces() cuts a stream into heads, frames and bodies

One file, though a long one: tests without Odoo load it by its path.
"""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from io import BufferedReader

HTTP_START = re.compile(rb"HTTP/1\.|(GET|HEAD|PUT|POST|DELETE|COPY|OPTIONS|PATCH) ")
SIZE = 65536


@dataclass(eq=False)
class Fault:
    """A fault, the requests ("METHOD /path", a regular expression) that it is for, and a count."""

    kind: str = "none"
    after: int = 0
    status: int = 0
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    only: str = ""
    times: int | None = None


class FaultProxy:
    def __init__(self, upstream_host: str, upstream_port: int, host: str = "127.0.0.1") -> None:
        self.upstream = (upstream_host, upstream_port)
        self.host = host
        self.port = 0  # known once it listens
        self.requests: list[str] = []
        self.most_connections = 0  # that were open at a time
        self.turns = 0  # how often a client spoke, after its beginning or an answer: round trips
        self.latency = 0.0  # seconds, before each request and each answer
        self.bandwidth: float | None = None  # bytes a second, each way
        self._fault = Fault()
        self._changed = threading.Condition(threading.RLock())
        self._connections: set[Connection] = set()
        self._listener: socket.socket | None = None
        self._stopped = False

    def __enter__(self) -> "FaultProxy":
        self._bind()
        self._listen()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped = True
        self._close_listener()
        self._set(Fault())
        self.drop_connections()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def pass_through(self) -> None:
        """End every fault; connections with something in a black hole are reset."""
        self.latency, self.bandwidth = 0.0, None
        self._set(Fault())

    def blackhole(self) -> None:
        """Accept connections and requests, and let nothing through."""
        self._set(Fault("blackhole"))

    def refuse(self) -> None:
        """Close the port, and every connection at once."""
        self._set(Fault("refuse"))
        self._close_listener()
        self._bind()  # no other process gets the port; without listen() it refuses
        self.drop_connections()

    def reset(self, after: int = 0, *, only: str = "", times: int | None = None) -> None:
        """Reset connections (RST) after some bytes of an answer, its head included."""
        self._set(Fault("reset", after, only=only, times=times))

    def cut(self, after: int = 0, *, only: str = "", times: int | None = None) -> None:
        """Close connections cleanly after some bytes of an answer's body."""
        self._set(Fault("cut", after, only=only, times=times))

    def corrupt(self, *, only: str = "", times: int | None = None) -> None:
        """Flip bytes in the bodies of answers; heads stay as they are."""
        self._set(Fault("corrupt", only=only, times=times))

    def double(self, *, times: int | None = None) -> None:
        """Send answers twice, like a server or a proxy that has lost count."""
        self._set(Fault("double", times=times))

    def answer(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        times: int | None = None,
        *,
        only: str = "",
    ) -> None:
        """Answer HTTP requests here; they do not reach the server."""
        self._set(Fault("answer", 0, status, headers, body, only, times))

    def drop_connections(self) -> None:
        """Reset the connections that are open; their clients know when this returns."""
        dropped = list(self._connections)
        for connection in dropped:
            connection.close(reset=True)
        for connection in dropped:  # a socket sends RST once no thread reads it any more
            connection.ended.wait(timeout=5)

    def fault(self, connection: "Connection", *, begins: bool = False) -> Fault:
        """Return the fault that the request of a connection meets now.

        :raises ConnectionError: to a request that a black hole held, once it lets go
        """
        with self._changed:
            if self._fault.kind == "blackhole":
                self._changed.wait_for(
                    lambda: self._fault.kind != "blackhole" or connection not in self._connections
                )
                raise ConnectionError("swallowed")
            fault = self._fault
            if not re.search(fault.only, connection.request):
                return Fault()
            if begins and fault.kind == "answer":
                self.spend(fault)
            return fault

    def spend(self, fault: Fault) -> None:
        """Count that a fault happened; the last of ``times`` ends it."""
        with self._changed:
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0 and self._fault is fault:
                    self._fault = Fault()

    def forget(self, connection: "Connection") -> bool:
        """Return True if the connection was open until now."""
        with self._changed:
            was_open = connection in self._connections
            self._connections.discard(connection)
            self._changed.notify_all()
            return was_open

    def _set(self, fault: Fault) -> None:
        with self._changed:
            was, self._fault = self._fault, fault
            self._changed.notify_all()
        if was.kind == "refuse" and fault.kind != "refuse" and not self._stopped:
            self._listen()

    def _bind(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))
        self.port = self._listener.getsockname()[1]

    def _listen(self) -> None:
        self._listener.listen(128)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it was closed
            while True:
                client, _address = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.upstream, timeout=10)
        except OSError:
            _abort(client)
            return
        server.settimeout(None)
        connection = Connection(self, client, server)
        with self._changed:
            self._connections.add(connection)
            self.most_connections = max(self.most_connections, len(self._connections))
        if self._stopped or self._fault.kind == "refuse":
            connection.close(reset=True)
        else:
            connection.run()
        connection.ended.set()

    def _close_listener(self) -> None:
        listener = self._listener
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # close() alone does not wake accept()
        listener.close()


class Connection:
    """A client's connection and the server's behind it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self.request = ""  # "METHOD /path" of the request that is answered
        self.ended = threading.Event()
        self._counted = 0  # bytes of this answer
        self._corrupting = False
        self._spoke: socket.socket | None = None
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        answers = threading.Thread(target=self._guard, args=(self._answers,), daemon=True)
        answers.start()
        self._guard(self._requests)
        answers.join()
        self.close()

    def close(self, reset: bool = False) -> None:
        if not self._proxy.forget(self):
            return  # a clean end by another thread would come before the reset
        if reset:
            _abort(self._client)
        for side in (self._server,) if reset else (self._server, self._client):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()

    def _guard(self, pump) -> None:
        try:
            pump()
        except (OSError, ValueError):  # the other side is gone, or the socket is closed here
            self.close(reset=True)

    def _requests(self) -> None:
        swallowed = None
        for kind, piece in pieces(self._client.makefile("rb"), lambda _head: True):
            if kind == "head":
                method, target = piece.split(b" ", 2)[:2]
                self.request = f"{method.decode()} {target.decode(errors='replace')}"
                self._proxy.requests.append(self.request)
                swallowed = self._swallow(piece)
            if kind == "end" and swallowed:
                self._reply(swallowed)
            elif kind != "end" and not swallowed:
                self._proxy.fault(self)  # a black hole holds it
                self._send(self._server, piece)
        self._server.shutdown(socket.SHUT_WR)

    def _swallow(self, head: bytes) -> Fault | None:
        fault = self._proxy.fault(self, begins=True)
        if fault.kind != "answer":
            return None
        if re.search(rb"\r\nexpect: *100-continue", head, re.IGNORECASE):
            self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return fault

    def _reply(self, fault: Fault) -> None:
        headers = {"Content-Length": str(len(fault.body)), **(fault.headers or {})}
        phrase = HTTPStatus(fault.status).phrase
        lines = [f"HTTP/1.1 {fault.status} {phrase}", *map(": ".join, headers.items()), "", ""]
        body = b"" if self.request.startswith("HEAD ") else fault.body
        self._send(self._client, "\r\n".join(lines).encode() + body)

    def _answers(self) -> None:
        for kind, piece in pieces(self._server.makefile("rb"), self._has_body):
            if kind == "head":
                self._counted, self._corrupting = 0, False
            if kind == "end":
                continue
            fault = self._proxy.fault(self)
            if fault.kind == "reset" or (fault.kind == "cut" and kind == "body"):
                if self._breaks_off(fault, piece):
                    return
            elif kind == "body":
                piece = self._corrupted(fault, piece)
            self._send(self._client, piece)
        self.close()

    def _breaks_off(self, fault: Fault, piece: bytes) -> bool:
        left = fault.after - self._counted
        self._counted += len(piece)
        if len(piece) <= left:
            return False
        self._send(self._client, piece[: max(0, left)])
        self._proxy.spend(fault)
        self.close(reset=fault.kind == "reset")
        return True

    def _corrupted(self, fault: Fault, piece: bytes) -> bytes:
        if fault.kind == "double":
            self._proxy.spend(fault)
            return piece + piece
        if fault.kind == "corrupt" and not self._corrupting:
            self._corrupting = True  # to the end of this answer
            self._proxy.spend(fault)
        return bytes([piece[0] ^ 0xFF]) + piece[1:] if self._corrupting else piece

    def _has_body(self, head: bytes) -> bool:
        status = int(head.split(b" ", 2)[1])
        return not (status < 200 or status in (204, 304) or self.request.startswith("HEAD "))

    def _send(self, to: socket.socket, data: bytes) -> None:
        if self._proxy.latency and self._spoke is not to:
            time.sleep(self._proxy.latency)  # once for each turn of the conversation
        if self._spoke is not to and to is self._server:
            self._proxy.turns += 1
        self._spoke = to
        while data and self._proxy.bandwidth:
            size = max(1, int(self._proxy.bandwidth / 20))
            time.sleep(len(data[:size]) / self._proxy.bandwidth)
            to.sendall(data[:size])
            data = data[size:]
        to.sendall(data)


def pieces(stream: BufferedReader, has_body) -> Iterator[tuple[str, bytes]]:
    """Cut a stream into ("head" | "frame" | "body" | "end", bytes).

    A frame is what surrounds the chunks of a body; an end has no bytes.
    """
    while begin := stream.peek(1):
        head = stream.readline() if HTTP_START.match(begin) else b""
        if b"HTTP/1." not in head:  # another protocol
            if head:
                yield "body", head
            yield from (("body", data) for data in _rest(stream))
            return
        while (line := stream.readline()) not in (b"\r\n", b""):
            head += line
        head += line
        yield "head", head
        if has_body(head):
            yield from _body(stream, head)
        yield "end", b""


def _body(stream: BufferedReader, head: bytes) -> Iterator[tuple[str, bytes]]:
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        yield from _chunks(stream)
    elif length:
        yield from (("body", data) for data in _exactly(stream, int(length[1])))
    elif head.startswith(b"HTTP/"):  # an answer that ends with its connection
        yield from (("body", data) for data in _rest(stream))


def _chunks(stream: BufferedReader) -> Iterator[tuple[str, bytes]]:
    size = 1
    while size:
        line = stream.readline()
        yield "frame", line
        size = int(line.split(b";")[0], 16)
        yield from (("body", data) for data in _exactly(stream, size))
        if size:
            yield "frame", stream.readline()
    while line := stream.readline():  # trailers
        yield "frame", line
        if line == b"\r\n":
            return


def _exactly(stream: BufferedReader, size: int) -> Iterator[bytes]:
    while size and (data := stream.read1(min(size, SIZE))):
        size -= len(data)
        yield data


def _rest(stream: BufferedReader) -> Iterator[bytes]:
    while data := stream.read1(SIZE):
        yield data


def _abort(side: socket.socket) -> None:
    """Close with RST: it is sent once the thread that reads the socket has let go of it."""
    with suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        side.shutdown(socket.SHUT_RD)  # wakes the thread that reads it
    side.close()
