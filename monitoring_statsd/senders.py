"""Send batches of metrics to one address, by one protocol.

The ``statsd`` package sends StatsD's own protocol over UDP. It has no tags and no sockets of
datagrams in the file system, so ``DatagramSender`` formats metrics for these itself::

    name:12.500000|ms            a timer, in milliseconds
    name:3|c                     a counter
    name:3|c|#tag:value,tag:value
"""

import socket
from collections.abc import Iterator
from typing import Any, Protocol

from statsd import StatsClient

from .batch import Batch
from .naming import TAGS, path
from .settings import LARGEST_DATAGRAM, StatsdSettings

# room for ":", a value and "|ms" after a name
LONGEST_VALUE = 64


class Sender(Protocol):
    """Sends metrics without waiting for a server and without raising errors of the network."""

    def send(self, batch: Batch) -> int:
        """Send a batch; return how many of its metrics were dropped."""

    def close(self) -> None:
        """Close the sockets."""


def sender_for(settings: StatsdSettings, family: int, address: Any) -> Sender:
    """Return the sender for the protocol of the settings.

    :param address: of the server, as ``socket.sendto`` accepts it
    """
    if settings.tags or settings.socket_path is not None:
        return DatagramSender(settings, family, address)
    return StatsdSender(settings, family, address)


class StatsdSender:
    """Sends StatsD's own protocol over UDP with the client of the ``statsd`` package.

    The package ignores errors of the system, so the route to the server is checked before.
    """

    def __init__(self, settings: StatsdSettings, family: int, address: Any) -> None:
        # the host is an IP address: the package makes no request to a name server
        host, _port = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
        prefix = path(settings.prefix)
        self._client = StatsClient(
            host,
            address[1],
            prefix=prefix,
            maxudpsize=settings.datagram_bytes,
            ipv6=family == socket.AF_INET6,
        )
        self._address = address
        self._route = socket.socket(family, socket.SOCK_DGRAM)
        self._longest_name = LARGEST_DATAGRAM - len(prefix) - LONGEST_VALUE

    def send(self, batch: Batch) -> int:
        """Send a batch; return how many of its metrics were dropped."""
        try:
            # sends nothing: the system looks for a route, and for a rule that forbids it
            self._route.connect(self._address)
        except OSError:
            return len(batch)
        dropped = 0
        with self._client.pipeline() as pipeline:
            for name, milliseconds in batch.timers:
                pipeline.timing(name, milliseconds)
            for name, count in batch.counters.items():
                if len(name) > self._longest_name:
                    dropped += 1
                else:
                    pipeline.incr(name, count)
        return dropped

    def close(self) -> None:
        """Close the sockets."""
        self._client.close()
        self._route.close()


class DatagramSender:
    """Sends metrics with DogStatsD's tags, or to a socket of datagrams in the file system."""

    def __init__(self, settings: StatsdSettings, family: int, address: Any) -> None:
        prefix = path(settings.prefix)
        self._prefix = prefix and f"{prefix}."
        self._longest = settings.datagram_bytes
        self._address = address
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, batch: Batch) -> int:
        """Send a batch; return how many of its metrics were dropped."""
        dropped = 0
        for lines in self._datagrams(batch):
            try:
                self._socket.sendto("\n".join(lines).encode("ascii", "replace"), self._address)
            except OSError:
                dropped += len(lines)
        return dropped

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _datagrams(self, batch: Batch) -> Iterator[list[str]]:
        """Yield the lines of each datagram, as many as fit into it."""
        lines: list[str] = []
        size = 0
        for line in self._lines(batch):
            if lines and size + len(line) >= self._longest:
                yield lines
                lines, size = [], 0
            lines.append(line)
            size += len(line) + 1
        if lines:
            yield lines

    def _lines(self, batch: Batch) -> Iterator[str]:
        for stat, milliseconds in batch.timers:
            yield self._line(stat, f"{milliseconds:.6f}|ms")
        for stat, count in batch.counters.items():
            yield self._line(stat, f"{count}|c")

    def _line(self, stat: str, value: str) -> str:
        name, separator, tags = stat.partition(TAGS)
        return f"{self._prefix}{name}:{value}{separator}{tags}"
