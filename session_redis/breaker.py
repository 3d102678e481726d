"""The circuit breaker: a Redis that is down is found out once, not by each request.

The first request that finds Redis unreachable opens it; from then on requests fail at once.
Meanwhile one thread of the process asks again and again; its first answer closes the breaker.

Why a thread and not now and then a request: with a Redis that swallows packets each such
request would hold its worker for a timeout, and of many workers there is always one.
"""

import logging
import threading
from collections.abc import Callable

from odoo.addons.cloud_settings.operations import count

from . import process
from .exceptions import SessionStoreUnavailable

_logger = logging.getLogger(__name__)

COMPONENT = "session_store"
BACKEND = "redis"
PROBE_SECONDS = 0.25
FAILED_PROBE_SECONDS = 5.0

Probe = Callable[[], bool]


class Breaker:
    """Open while Redis is known to be down; ``probe()`` tells whether it is back."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        # of the process in which it is open: a forked one has no thread that would close it
        self._open_in: int | None = None
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None

    def check(self) -> None:
        """Let a request pass, and the thread that asks whether Redis is back.

        :raises SessionStoreUnavailable: while open
        """
        if self._open_in is None or not self.is_open:
            return
        if threading.current_thread() is not self._watcher:
            raise SessionStoreUnavailable()

    @property
    def is_open(self) -> bool:
        return self._open_in == process.current()

    def open(self) -> bool:
        """Fail requests from now on; tell whether they were let pass until now."""
        with self._lock:
            if self.is_open:
                return False
            self._open_in = process.current()
            self._stopped = threading.Event()
            self._watcher = threading.Thread(
                target=self._watch,
                args=(self._stopped,),
                name="session_redis.breaker",
                daemon=True,
            )
        count(COMPONENT, "breaker_opened", BACKEND)
        try:
            self._watcher.start()
        except RuntimeError:
            # no more threads: nobody would close it, so each request finds out by itself
            self._open_in = None
        return True

    def stop(self) -> None:
        """Ask no more, and let requests pass."""
        self._stopped.set()
        self._open_in = None

    def _watch(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                if self._probe():
                    break
            except Exception:  # whatever it is: without this thread the breaker stays open
                _logger.exception("It cannot be told whether Redis is back")
                stopped.wait(FAILED_PROBE_SECONDS)
            stopped.wait(PROBE_SECONDS)
        else:
            return
        self._open_in = None
        count(COMPONENT, "breaker_closed", BACKEND)
        _logger.warning("The session store in Redis is available again")
