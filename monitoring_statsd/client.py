"""The client of the ``statsd`` library, made such that it never waits and never raises.

The library's own looks its host up once, when it is made, and waits for that.
"""

import atexit
import contextlib
import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from statsd.client.base import StatsClientBase
from statsd.client.udp import Pipeline

from .address import Address, SocketPath
from .naming import path
from .settings import StatsdSettings

_logger = logging.getLogger(__name__)

# datagrams that wait for the first look-up of the host
WAITING = 100

# how long a metric waits for others, to share a datagram with them
GATHER_SECONDS = 0.2


class Tagged(StatsClientBase):
    """Knows names with tags (``name|#tag:value``), which come last on the wire."""

    def _prepare(self, stat: str, value: str, rate: float) -> str | None:
        name, bar, tags = stat.partition("|#")
        line: str | None = super()._prepare(name, value, rate)
        return line + bar + tags if line and bar else line


class Gathered(Tagged, Pipeline):
    """Several metrics in as few datagrams as they fit in, the counters of a name as one."""

    def __init__(self, client: "StatsdClient") -> None:
        super().__init__(client)
        self._counts: dict[str, int] = {}

    def incr(self, stat: str, count: int = 1, rate: float = 1) -> None:
        if rate == 1:
            self._counts[stat] = self._counts.get(stat, 0) + count
        else:  # of samples the server makes the sum
            self._send_stat(stat, f"{count}|c", rate)

    def send(self) -> None:
        for stat, count in self._counts.items():
            self._send_stat(stat, f"{count}|c", 1)
        self._counts = {}
        if self._stats:
            self._send()


Event = TypeVar("Event")


class StatsdClient(Tagged):
    """Sends datagrams, or drops and counts what cannot be sent at once.

    What happens waits a moment for more of it: then all of it is made metrics at once, counters
    of one name are one number, and a datagram costs more than all that is put into it. The
    thread that does so lives for that moment: there is none for a fork to lose.

    ``dropped`` is the number of metrics, of this process. Until the host was looked up for
    the first time, the first datagrams wait.
    """

    _is_due: bool

    def __init__(
        self, settings: StatsdSettings, address: Address | SocketPath | None = None
    ) -> None:
        self._prefix = path(settings.prefix)
        self._maxudpsize = settings.datagram_bytes
        self._address = address or _address(settings)
        self._socket = socket.socket(self._address.family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.dropped = 0
        self._begin()
        self._address.found = self._send_waiting
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.flush)

    def gather(self, tell: Callable[[Gathered, Event], None], event: Event) -> None:
        """Have ``tell(sink, event)`` called in a moment; ``event`` must not change until then.

        A request has no more to do.
        """
        self._gathered.append((tell, event))
        if not self._is_due:
            self._is_due = True
            self._flush_later()

    def incr(self, stat: str, count: int = 1, rate: float = 1) -> None:
        """Increment a counter."""
        self.gather(_increment, (stat, count, rate))

    def take_dropped(self) -> int:
        """Return how many metrics were dropped since the last call, once it can be told."""
        if not self.dropped or self._address.get() is None:
            return 0
        with self._lock:
            dropped = self.dropped
            self.dropped = 0
        return dropped

    def flush(self) -> None:
        """Send what was gathered."""
        with Gathered(self) as sink:
            while True:
                try:
                    tell, event = self._gathered.popleft()
                except IndexError:  # no look before: another thread may take the last one
                    break
                try:
                    tell(sink, event)
                except Exception:  # the others are sent
                    _logger.warning("%r is lost", event, exc_info=True)

    def close(self) -> None:
        atexit.unregister(self.flush)
        self.flush()
        self._socket.close()

    def _send_stat(self, stat: str, value: str, rate: float) -> None:
        self.gather(_send, (stat, value, rate))

    def _flush_later(self) -> None:
        timer = threading.Timer(GATHER_SECONDS, self._flush_due)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            # no more threads, or the interpreter ends
            self._flush_due()

    def _flush_due(self) -> None:
        # first: what comes from here on begins anew, what came before is sent
        self._is_due = False
        self.flush()

    def _send(self, data: str) -> None:
        address = self._address.get()
        if address is None:
            self._wait(data)
            return
        if self._waiting:
            self._send_waiting()
        self._send_to(address, data)

    def _send_to(self, address: Any, data: str) -> None:
        try:
            self._socket.sendto(data.encode("ascii", "replace"), address)
        except OSError:
            self._drop(data)

    def _wait(self, data: str) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(data)
        else:
            self._drop(data)

    def _send_waiting(self) -> None:
        address = self._address.get()
        # another thread may take the last one
        with contextlib.suppress(IndexError):
            while address:
                self._send_to(address, self._waiting.popleft())

    def _drop(self, data: str) -> None:
        with self._lock:
            self.dropped += data.count("\n") + 1

    def _begin(self) -> None:
        # what waits, was gathered or dropped is the parent's to send or tell
        # reentrant: garbage collection may run a store's operation in the midst of a metric
        self._lock = threading.RLock()
        self._waiting: deque[str] = deque()
        self._gathered: deque[tuple[Callable[[Gathered, Any], None], Any]] = deque()
        self._is_due = False
        self.dropped = 0


def _address(settings: StatsdSettings) -> Address | SocketPath:
    if settings.socket_path is not None:
        return SocketPath(settings.socket_path)
    return Address(settings.host, settings.port, settings.ipv6)


def _increment(sink: Gathered, counter: tuple[str, int, float]) -> None:
    sink.incr(*counter)


def _send(sink: Gathered, metric: tuple[str, str, float]) -> None:
    sink._send_stat(*metric)
