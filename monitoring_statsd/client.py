"""The client of a StatsD server: requests hand over events, a short-lived thread sends them.

::

    gather(record, event)          in the thread of a request: appends to a list
    flush()                        after GATHER_SECONDS, in a thread that ends with it
        record(batch, event)       turns each event into metrics
        Sender.send(batch)         formats the metrics and sends the datagrams
"""

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from .address import Address, SocketPath
from .batch import Batch
from .senders import Sender, sender_for
from .settings import StatsdSettings

_logger = logging.getLogger(__name__)

# batches that are kept until the host is found for the first time
WAITING = 100

# time that a metric waits for others, to share a datagram with them
GATHER_SECONDS = 0.2

Event = TypeVar("Event")
Record = Callable[[Batch, Event], None]


class StatsdClient:
    """Sends metrics in the background, or drops and counts metrics that cannot be sent.

    ``dropped`` is the number of metrics that this process has dropped.
    """

    _is_due: bool

    def __init__(
        self, settings: StatsdSettings, address: Address | SocketPath | None = None
    ) -> None:
        self._settings = settings
        self._address = address or _address(settings)
        self._sender: Sender | None = None
        self._sender_address: Any = None
        self.dropped = 0
        self._reset()
        self._address.found = self._send_waiting
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self.flush)

    def gather(self, record: Record[Event], event: Event) -> None:
        """Call ``record(batch, event)`` in a moment; ``event`` must not change until then."""
        self._gathered.append((record, event))
        if not self._is_due:
            self._is_due = True
            self._flush_later()

    def incr(self, stat: str, count: int = 1) -> None:
        """Increment a counter."""
        self.gather(_increment, (stat, count))

    def timing(self, stat: str, milliseconds: float) -> None:
        """Add a duration to a timer."""
        self.gather(_time, (stat, milliseconds))

    def take_dropped(self) -> int:
        """Return how many metrics were dropped since the last call, 0 while none can be sent."""
        if not self.dropped or self._address.get() is None:
            return 0
        with self._lock:
            dropped = self.dropped
            self.dropped = 0
        return dropped

    def flush(self) -> None:
        """Send the metrics of all gathered events."""
        batch = Batch()
        while True:
            try:
                record, event = self._gathered.popleft()
            except IndexError:  # no check before: another thread may take the last event
                break
            try:
                record(batch, event)
            except Exception:  # the other events are sent
                _logger.warning("The metrics of %r are lost", event, exc_info=True)
        if batch:
            self._send(batch)

    def close(self) -> None:
        """Send the metrics of all gathered events, and close the sockets."""
        atexit.unregister(self.flush)
        self.flush()
        with self._lock:
            if self._sender:
                self._sender.close()
                self._sender = None

    def _flush_later(self) -> None:
        timer = threading.Timer(GATHER_SECONDS, self._flush_due)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:
            # no more threads, or the interpreter ends
            self._flush_due()

    def _flush_due(self) -> None:
        # first: events that are gathered from here on start another timer
        self._is_due = False
        self.flush()

    def _send(self, batch: Batch) -> None:
        with self._lock:
            if self._current_sender():
                self._send_waiting()
                self._deliver(batch)
            elif len(self._waiting) < WAITING:
                self._waiting.append(batch)
            else:
                self.dropped += len(batch)

    def _send_waiting(self) -> None:
        with self._lock:
            while self._waiting and self._current_sender():
                self._deliver(self._waiting.popleft())

    def _deliver(self, batch: Batch) -> None:
        if sender := self._current_sender():
            self.dropped += sender.send(batch)

    def _current_sender(self) -> Sender | None:
        """Return the sender for the server's present address, None before it is found."""
        address = self._address.get()
        if address != self._sender_address:
            if self._sender:
                self._sender.close()
            self._sender = sender_for(self._settings, self._address.family, address)
            self._sender_address = address
        return self._sender

    def _reset(self) -> None:
        # the parent process sends its own metrics, and reports those that it has dropped
        # reentrant: garbage collection may run an operation of a store while a batch is sent
        self._lock = threading.RLock()
        self._waiting: deque[Batch] = deque()
        self._gathered: deque[tuple[Record[Any], Any]] = deque()
        self._is_due = False
        self.dropped = 0


def _address(settings: StatsdSettings) -> Address | SocketPath:
    if settings.socket_path is not None:
        return SocketPath(settings.socket_path)
    return Address(settings.host, settings.port, settings.ipv6)


def _increment(batch: Batch, counter: tuple[str, int]) -> None:
    batch.incr(*counter)


def _time(batch: Batch, timer: tuple[str, float]) -> None:
    batch.timing(*timer)
