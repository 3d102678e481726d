"""The connection to Redis: one client per process, with limited waiting and translated errors.

``run`` sends all requests of the store. Its reaction to an error::

    the connection was lost     repeat once, at once: a restart of Redis is not noticed
    a server changes its role   repeat for one read timeout: a fail-over or a start
    a timeout                   do not repeat: the request has waited long enough
    a refusal                   do not repeat: the result would be the same
    no connection is free       do not repeat: the pool has waited, see ``connection_pool``

Then all errors but refusals of a single command, and a full pool, open the circuit breaker.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from odoo.addons.cloud_base.resilience.circuit_breaker import CircuitBreaker, Probe

from ..exceptions import SessionStoreUnavailable
from ..settings import RedisSettings
from .client import close, new_client
from .commands import write
from .errors import (
    hide_session_ids,
    is_in_transition,
    is_outage,
    is_refusal,
    redis_error_classes,
    redis_errors_as_unavailable,
)

_logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

COMPONENT = "session_store"
BACKEND = "redis"

# the pause before the second attempt of a fail-over, and the longest pause before a later one
PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25

# replicas in the same network need a few; without a replica, each log-in takes so much longer
REPLICA_WAIT_MS = 100

# the end of the keys of probes: not a session id, so it cannot collide with a session
PROBE = "probe"
# enough keys to reach several nodes of a Cluster
PROBES = 8

_pid = os.getpid()


def _refresh_pid() -> None:
    global _pid
    _pid = os.getpid()


# cached: each request asks for it, and os.getpid() is a system call
os.register_at_fork(after_in_child=_refresh_pid)


class Breaker(CircuitBreaker):
    """Open while Redis is known to be unavailable."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(
            probe,
            component=COMPONENT,
            backend=BACKEND,
            server="The session store in Redis",
            thread_name="session_redis.redis_io.circuit_breaker",
            logger=_logger,
        )

    def check(self) -> None:
        """Do nothing while closed, and for the thread that probes Redis.

        :raises SessionStoreUnavailable: while open
        """
        if self.is_open and not self.lets_pass():
            raise SessionStoreUnavailable()


class Connection:
    """A client of Redis, made at its first use, and its circuit breaker.

    Before the first use, nothing is connected and redis-py is not imported: the master of a
    prefork server has no socket that its workers could share. A process that is forked later makes
    its own client.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._pid: int | None = None
        self._lock = threading.Lock()
        self.breaker = Breaker(self._is_usable)

    @property
    def client(self) -> Any:
        """The client of this process; connecting raises the errors of redis-py."""
        client = self._client
        if client is None or self._pid != _pid:
            client = self._make_client()
        return client

    @property
    def settings(self) -> RedisSettings:
        """The settings of the connection."""
        return self._settings

    @property
    def is_cluster(self) -> bool:
        """True for a client of Redis Cluster, where a write is for one slot."""
        return self._settings.cluster

    @property
    def replica_wait_ms(self) -> int:
        """Milliseconds that a log-in waits for a replica, so that a fail-over does not lose it."""
        # much shorter than the read timeout, so that a missing replica is not an outage
        longest = int(1000 * self._settings.read_timeout / 2)
        return min(REPLICA_WAIT_MS, longest) if self._settings.sentinel_host else 0

    def run(self, operation: Callable[[Any], Answer]) -> Answer:
        """Return ``operation(client)``, which may be called several times.

        :raises SessionStoreUnavailable: within a limited time; a write may have been executed
        """
        self.breaker.check()
        try:
            return operation(self.client)
        except redis_error_classes() as error:
            return self._repeat(operation, error)

    def probe(self) -> None:
        """Write keys of the same form as sessions.

        :raises redis.RedisError: if the store cannot be used
        """
        prefix = self._settings.prefix
        start = f"session:{prefix}:{PROBE}" if prefix else f"session:{PROBE}"
        for number in range(PROBES):
            # one by one: on a Cluster they are for several slots
            write(self.client, [("SET", f"{start}{number}", "", "EX", 10)])

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        self.breaker.stop()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            close(client)

    def _repeat(self, operation: Callable[[Any], Answer], error: Exception) -> Answer:
        attempts = _Attempts(self._settings.read_timeout)
        with redis_errors_as_unavailable():
            while attempts.wait_for_next(error):
                self._close_idle()
                try:
                    return operation(self.client)
                except redis_error_classes() as another:
                    error = another
            if is_outage(error):
                self._give_up(error)
            raise error

    def _make_client(self) -> Any:
        with self._lock:
            if self._client is None or self._pid != _pid:
                # a thread that waited for the lock must not repeat the timeout of another one
                self.breaker.check()
                self._client, self._pid = new_client(self._settings), _pid
            return self._client

    def _give_up(self, error: Exception) -> None:
        if not self.breaker.open():
            hide_session_ids(error)
            raise SessionStoreUnavailable() from error
        self._close_idle()

    def _close_idle(self) -> None:
        # a server that was restarted or replaced does not know the idle connections
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            pool.disconnect(inuse_connections=False)

    def _is_usable(self) -> bool:
        try:
            with redis_errors_as_unavailable(log=False):
                self.probe()
        except SessionStoreUnavailable:
            return False
        return True


class _Attempts:
    """Decides whether to repeat an operation; the time counts from the first error."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._lost_connections = 0
        self._pause = PAUSE_SECONDS

    def wait_for_next(self, error: Exception) -> bool:
        """Wait until the next attempt; return False if there must not be one."""
        import redis

        if is_in_transition(error):
            if time.monotonic() + self._pause > self._deadline:
                return False
            time.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            return True
        if is_refusal(error) or not isinstance(error, redis.ConnectionError):
            return False
        self._lost_connections += 1
        return self._lost_connections == 1
