"""The bulkhead: some workers of a server may wait for a slow service, the others keep serving.

A circuit breaker needs a first failure, and with a silent server the first failure takes a whole
timeout. Until then every request for that service would occupy a worker, and soon all workers
would wait. So a request needs one of a few places to wait::

    a place is free                                     it waits for the service
    all are taken, and each holder waits for too long   it fails at once
    all are taken, not for long                         it waits for a place, up to 1.5 seconds

A healthy service is never refused, because its answers free the places before they are overdue.
All workers of a prefork server share the places, see ``shared_memory``.
"""

import functools
import os
import threading
import time
from contextlib import suppress

from odoo.tools import config

from .fork_hooks import call_in_children
from .shared_memory import MEMORY

SLOW_SECONDS = 1.5  # a healthy service answers earlier
SLOW_BYTES = 1_000_000  # a healthy service accepts more bytes in a second
MOST_PLACES = 64

# the numbers in the shared memory: the time of the report of an outage, and for each place the id
# of its process (0: it is free) and the time from which it is overdue
_REPORT = 0
_PLACES = 1
_REPORT_SECONDS = 60.0  # a report is valid: the process that made it may have ended


class Full(Exception):
    """The threads in all places have waited for too long."""


class Bulkhead:
    """The places of one service; ``name`` is the same in every process.

    A holder is a thread that waits; threads that work for it count as the same holder.
    """

    def __init__(self, name: str) -> None:
        self._numbers = MEMORY.region(name)
        self._reset()
        call_in_children(self._reset)

    def take_free(self, holder: int) -> bool:
        """Take a place if one is free; return False at once if none is."""
        try:
            return self._take(holder, 0)
        except Full:
            return False

    def enter(self, holder: int, size: int = 0) -> bool:
        """Return True if the holder has a place now, which it has to ``leave()``.

        False: it may wait without a place, because the holders transfer large files.

        :param size: bytes that are sent
        :raises Full: if the holder must not wait
        """
        until = time.monotonic() + SLOW_SECONDS
        pause = 0.001
        while not self._take(holder, size):
            if time.monotonic() > until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return True

    def leave(self, holder: int) -> None:
        """Give the place back."""
        key = os.getpid(), holder
        with self._lock:
            held = self._held[key]
            at, held[1] = held[0], held[1] - 1
            if held[1]:
                self._numbers[at + 1] = time.monotonic() + SLOW_SECONDS
            else:
                self._numbers[at] = 0.0
                del self._held[key]

    def report_outage(self) -> None:
        """Report to the other processes that the service is unavailable."""
        self._numbers[_REPORT] = time.monotonic()

    def withdraw_report(self) -> None:
        """Remove the report of an outage."""
        self._numbers[_REPORT] = 0.0

    @property
    def is_outage_reported(self) -> bool:
        """True if any process has reported an outage recently."""
        reported = self._numbers[_REPORT]
        return bool(reported) and time.monotonic() - reported < _REPORT_SECONDS

    def _reset(self) -> None:
        # the places of the parent process stay taken in the shared memory
        self._lock = threading.Lock()
        self._held: dict[tuple[int, int], list[int]] = {}  # [index of the place, uses]

    def _take(self, holder: int, size: int) -> bool:
        """Take a place; return False if all are taken.

        :raises Full: if each holder has waited for too long
        """
        key = os.getpid(), holder
        now = time.monotonic()
        overdue = now + SLOW_SECONDS + size / SLOW_BYTES
        with self._lock:
            if held := self._held.get(key):
                held[1] += 1
                self._numbers[held[0] + 1] = overdue
                return True
            with MEMORY.locked():
                at, all_overdue = self._find_place()
                if at is not None:
                    self._numbers[at + 1] = overdue
                    self._numbers[at] = key[0]
                    self._held[key] = [at, 1]
                    return True
        if all_overdue < now:
            raise Full
        return False

    def _find_place(self) -> tuple[int | None, float]:
        """Return the index of a free place, or None and the time when all are overdue."""
        latest = 0.0
        for at in range(_PLACES, _PLACES + 2 * places_of_this_server(), 2):
            process = self._numbers[at]
            if not process or not _is_alive(int(process)):
                return at, latest
            latest = max(latest, self._numbers[at + 1])
        return None, latest


@functools.cache
def bulkhead_of(name: str) -> Bulkhead:
    """Return the bulkhead of a service; all its users in a process share it."""
    return Bulkhead(name)


def places_of_this_server() -> int:
    """Return how many workers or threads may wait for one service: three quarters of them."""
    workers = config["workers"]
    if not workers:
        # the limit of Odoo for the threads of a threaded server
        workers = (config["db_maxconn"] - config["max_cron_threads"]) // 2
    kept = max(1, int(workers) // 4)
    return max(1, min(int(workers) - kept, MOST_PLACES))


def _is_alive(process: int) -> bool:
    try:
        with suppress(PermissionError):
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
