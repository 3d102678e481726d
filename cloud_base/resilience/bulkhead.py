"""The bulkhead: a share of a server's workers waits for a slow service, the others serve.

A circuit breaker needs a first failure, which with a silent server takes a timeout. Until
then every request for that service would hold a worker, and soon there would be none left.
So a request needs one of a few places to wait::

    a place is free                                     it waits for the service
    all are taken, and each holder waits for too long   it fails at once
    all are taken, not for long                         it waits for a place, up to a second

A healthy service is never refused: its answers free the places before they are overdue. The
places are those of all workers of a prefork server, see ``shared_memory``.
"""

import functools
import os
import struct
import threading
import time
from contextlib import suppress

from odoo.tools import config

from .fork_hooks import call_in_children
from .shared_memory import MEMORY

SLOW_SECONDS = 1.5  # a healthy service has answered by then
SLOW_BYTES = 1_000_000  # or has taken so many bytes of what it is sent, a second
MOST_PLACES = 64

_REPORT = struct.Struct("d")
_PLACE = struct.Struct("qd")  # its process, and when it is overdue; all zero: it is free
_REPORT_SECONDS = 60.0  # for which a report holds: the process that made it may have died


class Full(Exception):
    """Every place is taken by a thread that waits for too long."""


class Bulkhead:
    """The places of one service; ``name`` is the same in every process.

    A holder is a thread that waits; the threads that work for it are the same holder.
    """

    def __init__(self, name: str) -> None:
        self._region = MEMORY.region(name)
        self._reset()
        call_in_children(self._reset)

    def take_free(self, holder: int) -> bool:
        """Return True with a place that is free, False at once where there is none."""
        try:
            return self._take(holder, 0)
        except Full:
            return False

    def enter(self, holder: int, size: int = 0) -> bool:
        """Return True if a thread holds a place to wait in, which it has to ``leave()``.

        False: it may wait without one, for the holders are busy with large files.

        :param size: bytes that are sent
        :raises Full: when it must not wait
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
            held[1] -= 1
            if held[1]:
                self._write(held[0], key[0], time.monotonic() + SLOW_SECONDS)
            else:
                self._write(held[0], 0, 0)
                del self._held[key]

    def report_outage(self) -> None:
        """Let the other processes know that the service is unavailable."""
        self._region.write(_REPORT, 0, time.monotonic())

    def withdraw_report(self) -> None:
        self._region.write(_REPORT, 0, 0.0)

    @property
    def is_outage_reported(self) -> bool:
        (reported,) = self._region.read(_REPORT, 0)
        return bool(reported) and time.monotonic() - reported < _REPORT_SECONDS

    def _reset(self) -> None:
        # the places of the parent process stay taken in the shared memory
        self._lock = threading.Lock()
        self._held: dict[tuple[int, int], list[int]] = {}  # [number of the place, uses]

    def _take(self, holder: int, size: int) -> bool:
        """Return True with a place, False without.

        :raises Full: when each holder waits for too long
        """
        key = os.getpid(), holder
        now = time.monotonic()
        overdue = now + SLOW_SECONDS + size / SLOW_BYTES
        with self._lock:
            if held := self._held.get(key):
                held[1] += 1
                self._write(held[0], key[0], overdue)
                return True
            with self._region.locked():
                number, all_overdue = self._find()
                if number is not None:
                    self._write(number, key[0], overdue)
                    self._held[key] = [number, 1]
                    return True
        if all_overdue < now:
            raise Full
        return False

    def _find(self) -> tuple[int | None, float]:
        """Return the number of a free place, or None and when the last holder is overdue."""
        latest = 0.0
        for number in range(places_of_this_server()):
            process, overdue = self._read(number)
            if not process or not _is_alive(int(process)):
                return number, latest
            latest = max(latest, overdue)
        return None, latest

    def _read(self, number: int) -> tuple[float, ...]:
        return self._region.read(_PLACE, _REPORT.size + number * _PLACE.size)

    def _write(self, number: int, process: int, overdue: float) -> None:
        self._region.write(_PLACE, _REPORT.size + number * _PLACE.size, process, overdue)


@functools.cache
def bulkhead_of(name: str) -> Bulkhead:
    """Return the bulkhead of a service, one for all its users in a process."""
    return Bulkhead(name)


def places_of_this_server() -> int:
    """Return how many workers, or threads, may wait for one service: all but a quarter."""
    workers = config["workers"]
    if not workers:
        # as Odoo limits the threads of a threaded server
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
