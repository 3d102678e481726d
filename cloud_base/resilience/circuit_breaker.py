"""The circuit breaker: an unavailable server is detected once, not by each request.

Once it is open, requests fail at once. One thread of the process probes the server; the
first answer closes the breaker.

A thread probes, and not an occasional request: with a server that swallows packets each such
request would hold its worker for a timeout, and among many workers there is always one.
"""

import logging
import threading
from collections.abc import Callable

from ..events.operations import count
from .fork_hooks import call_in_children

PROBE_SECONDS = 0.25
FAILED_PROBE_SECONDS = 5.0

Probe = Callable[[], bool]


class CircuitBreaker:
    """Open while a server is known to be unavailable.

    :param probe: returns True if the server can be used again; called in a thread
    :param component: ``session_store`` or ``object_store``, see ``operations``
    :param server: names the server in log lines, for example "The session store in Redis"
    :param thread_name: of the thread that probes
    :param probe_seconds: between two probes
    """

    def __init__(
        self,
        probe: Probe,
        component: str,
        backend: str,
        server: str,
        thread_name: str,
        logger: logging.Logger,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        self._probe = probe
        self._component = component
        self._backend = backend
        self._server = server
        self._thread_name = thread_name
        self._logger = logger
        self._probe_seconds = probe_seconds
        self._reset()
        call_in_children(self._reset)

    def lets_pass(self) -> bool:
        """Return True if the caller may use the server; its own probe always may."""
        return not self.is_open or threading.current_thread() is self._watcher

    def open(self) -> bool:
        """Fail requests from now on; return True if they passed until now."""
        with self._lock:
            if self.is_open:
                return False
            self.is_open = True
            self._stopped = threading.Event()
            self._watcher = threading.Thread(
                target=self._watch, args=(self._stopped,), name=self._thread_name, daemon=True
            )
        count(self._component, "breaker_opened", self._backend)
        try:
            self._watcher.start()
        except RuntimeError:
            # no more threads: no probe would close it, so each request detects the outage itself
            self.is_open = False
        return True

    def stop(self) -> None:
        """Stop probing, and let requests pass."""
        self._stopped.set()
        self.is_open = False

    def _reset(self) -> None:
        # closed: a forked process has no thread that would close it
        self._lock = threading.Lock()
        self.is_open = False
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None

    def _watch(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                if self._probe():
                    break
            except Exception:  # of any kind: without this thread the breaker stays open
                self._logger.exception("%s cannot be probed", self._server)
                stopped.wait(FAILED_PROBE_SECONDS)
            stopped.wait(self._probe_seconds)
        else:
            return
        self.is_open = False
        count(self._component, "breaker_closed", self._backend)
        self._logger.warning("%s is available again", self._server)
