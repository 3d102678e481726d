"""The connection to Redis: one client a process, bounded in time, its errors translated.

``run`` is the way to ask Redis. What happens to an error::

    the connection was lost     once more, at once: a restart of Redis costs nobody anything
    a server changes its role   again and again, for one read timeout: a fail-over, a start
    a timeout                   never again: the request has waited long enough
    a refusal                   never again: it would be refused once more
    no connection is free       never again: the pool has waited, see ``pools``

All but refusals of a single command, and a full pool, then open the breaker, see ``breaker``.
"""

import functools
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..exceptions import SessionStoreUnavailable
from ..settings import RedisSettings
from . import pid
from .circuit_breaker import Breaker
from .client import close, new_client
from .commands import write

_logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# how long to wait before the first and at most before any later attempt of a fail-over
PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25

# replicas on the same network need a few; without one, each log-in takes so much longer
REPLICA_WAIT_MS = 100

# what a key of the store can not be named: it is no session id
PROBE = "probe"
# so many that hardly all of them are on one node of a Cluster
PROBES = 8


class Connection:
    """A lazily made Redis client and its breaker.

    Nothing is connected, nor is the vendor library imported, before the first use: the
    master of a prefork server has no socket that its workers could share. A process that was
    forked off later makes a client of its own.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._pid: int | None = None
        self._lock = threading.Lock()
        self.breaker = Breaker(self._answers)

    @property
    def client(self) -> Any:
        """The client of this process; connecting raises the errors of redis-py."""
        client = self._client
        if client is None or self._pid != pid.current():
            client = self._make_client()
        return client

    @property
    def settings(self) -> RedisSettings:
        """How Redis is reached."""
        return self._settings

    @property
    def is_cluster(self) -> bool:
        """Whether the client is one of Redis Cluster, where a write is for one slot."""
        return self._settings.cluster

    @property
    def replica_wait_ms(self) -> int:
        """For how long a log-in waits for a replica, so that a fail-over does not lose it."""
        # well within the time that an answer may take, or waiting in vain were an outage
        longest = int(1000 * self._settings.read_timeout / 2)
        return min(REPLICA_WAIT_MS, longest) if self._settings.sentinel_host else 0

    def run(self, ask: Callable[[Any], Answer]) -> Answer:
        """Return ``ask(client)``, which may be called several times.

        :raises SessionStoreUnavailable: in bounded time; what was written may be or not
        """
        self.breaker.check()
        try:
            return ask(self.client)
        except redis_error_classes() as error:
            return self._ask_again(ask, error)

    def probe(self) -> None:
        """Write something, as the sessions are.

        :raises redis.RedisError: when the store cannot be used
        """
        prefix = self._settings.prefix
        start = f"session:{prefix}:{PROBE}" if prefix else f"session:{PROBE}"
        for number in range(PROBES):
            # not at once: on a Cluster they are for several slots
            write(self.client, [("SET", f"{start}{number}", "", "EX", 10)])

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        self.breaker.stop()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            close(client)

    def _ask_again(self, ask: Callable[[Any], Answer], error: Exception) -> Answer:
        attempts = _Attempts(self._settings.read_timeout)
        with redis_errors_as_unavailable():
            while attempts.again(error):
                self._drop_idle()
                try:
                    return ask(self.client)
                except redis_error_classes() as another:
                    error = another
            if is_outage(error):
                self._give_up(error)
            raise error

    def _make_client(self) -> Any:
        with self._lock:
            if self._client is None or self._pid != pid.current():
                # who waited here for a thread that found Redis dead needs not find out as well
                self.breaker.check()
                self._client, self._pid = new_client(self._settings), pid.current()
            return self._client

    def _give_up(self, error: Exception) -> None:
        if not self.breaker.open():
            hide_session_ids(error)
            raise SessionStoreUnavailable() from error
        self._drop_idle()

    def _drop_idle(self) -> None:
        # a server that came back, or another one, knows none of the connections that wait
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            pool.disconnect(inuse_connections=False)

    def _answers(self) -> bool:
        try:
            with redis_errors_as_unavailable(log=False):
                self.probe()
        except SessionStoreUnavailable:
            return False
        return True


class _Attempts:
    """Says whether to ask once more; counts from the first error."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._lost = 0
        self._pause = PAUSE_SECONDS

    def again(self, error: Exception) -> bool:
        """Wait as long as it takes to ask again, or say no."""
        import redis

        if is_in_transition(error):
            if time.monotonic() + self._pause > self._until:
                return False
            time.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            return True
        if is_refusal(error) or not isinstance(error, redis.ConnectionError):
            return False
        self._lost += 1
        return self._lost == 1


def is_in_transition(error: Exception) -> bool:
    """Tell whether a server said that it cannot serve now, but may soon."""
    import redis

    # as redis-py's Sentinel client says it of READONLY
    if isinstance(error, redis.ConnectionError) and "now a slave" in str(error):
        return True
    # ClusterDownError is MASTERDOWN too
    return isinstance(
        error,
        redis.ReadOnlyError
        | redis.BusyLoadingError
        | redis.exceptions.ClusterDownError
        | redis.exceptions.TryAgainError
        | redis.exceptions.SlotNotCoveredError,
    )


def is_refusal(error: Exception) -> bool:
    """Tell whether a server does not let this client in."""
    import redis

    return isinstance(
        error,
        redis.AuthenticationError
        | redis.exceptions.AuthorizationError
        | redis.exceptions.NoPermissionError,
    )


def is_outage(error: Exception) -> bool:
    """Tell whether the next command would meet the same error, whatever it is."""
    import redis

    lost = redis.ConnectionError | redis.TimeoutError | redis.exceptions.RedisClusterException
    return isinstance(error, lost) or is_in_transition(error)


@functools.cache
def redis_error_classes() -> tuple[type[Exception], ...]:
    """Return what redis-py raises: those of its Cluster client are no RedisError."""
    import redis

    return (redis.RedisError, redis.exceptions.RedisClusterException)


@contextmanager
def redis_errors_as_unavailable(log: bool = True) -> Iterator[None]:
    """Translate every error of Redis, a refusal as well, and log it in one line."""
    try:
        yield
    except redis_error_classes() as error:
        hide_session_ids(error)
        level = logging.ERROR if log else logging.DEBUG
        _logger.log(level, "The session store in Redis is unavailable: %s", error)
        raise SessionStoreUnavailable() from error


def hide_session_ids(error: Exception) -> None:
    """Take session ids out of an error, also for who logs its traceback."""
    error.args = (without_session_ids(str(error)),)


def without_session_ids(message: str) -> str:
    """Return an error's text without the command, whose key and value are secrets."""
    reason = message.rpartition("of pipeline caused error: ")[2]
    # a server that does not know a command repeats what it was given
    reason = reason.partition(", with args beginning with:")[0]
    return re.sub(r"[\w-]{40,}", lambda secret: f"{secret.group()[:8]}…", reason)
