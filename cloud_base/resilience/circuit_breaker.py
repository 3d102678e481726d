"""The circuit breaker: an unavailable server is detected once, not by each request.

While the breaker is open, requests fail at once. One thread of the process probes the server; the
first answer closes the breaker.

A thread probes instead of an occasional request, because a server that drops packets would hold
the worker of such a request for a timeout, and with many workers there is always one of these.
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
    """Refuses requests to a server that is unavailable.

    :param probe: returns True if the server can be used again; called in a thread
    :param component: ``session_store`` or ``object_store``, see ``operations``
    :param server: names the server in log lines, for example "The session store in Redis"
    :param thread_name: of the thread that probes
    :param probe_seconds: between two probes

    ``is_open`` is True while the server is known to be unavailable.
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
        self._lock = threading.Lock()
        self.is_open = False
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None
        call_in_children(self._reset)

    def lets_pass(self) -> bool:
        """Return True if the caller may use the server; its own probe always may."""
        return not self.is_open or threading.current_thread() is self._watcher

    def open(self) -> bool:
        """Refuse requests from now on; return False if the breaker was open already."""
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
            # no more threads: without a probe the breaker would stay open
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
        self._watcher = None

    def _watch(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                if self._probe():
                    break
            except Exception:  # any exception: without this thread the breaker stays open
                self._logger.exception("%s cannot be probed", self._server)
                stopped.wait(FAILED_PROBE_SECONDS)
            stopped.wait(self._probe_seconds)
        else:
            return
        self.is_open = False
        count(self._component, "breaker_closed", self._backend)
        self._logger.warning("%s is available again", self._server)
