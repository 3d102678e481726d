"""The connection to Redis: one client a process, bounded in time, its errors translated."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .exceptions import SessionStoreUnavailable
from .settings import RedisSettings

if TYPE_CHECKING:
    import redis

_logger = logging.getLogger(__name__)

# an idle connection is tried with a PING before it is trusted with a command
HEALTH_CHECK_SECONDS = 30


class Connection:
    """A lazily made Redis client.

    Nothing is connected, nor is the vendor library imported, before the first use: the
    master of a prefork server has no socket that its workers could share. A client that
    was used before a fork is safe as well, its pool starts anew in the child.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: redis.Redis | None = None
        self._lock = threading.Lock()

    @property
    def client(self) -> "redis.Redis":
        """The client of this process."""
        with self._lock:
            if self._client is None:
                self._client = new_client(self._settings)
            return self._client

    @property
    def is_cluster(self) -> bool:
        """Whether the client is one of Redis Cluster, where a write is for one slot."""
        return False

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


def new_client(settings: RedisSettings) -> "redis.Redis":
    """Return a client that answers or fails within the timeouts of ``settings``."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    password = settings.password
    options: dict[str, Any] = {
        "password": password.get_secret_value() if password else None,
        "socket_connect_timeout": settings.connect_timeout,
        "socket_timeout": settings.read_timeout,
        "socket_keepalive": True,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        # one immediate retry, for a connection that a restart of Redis has closed;
        # none after a timeout, the request has waited long enough
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        "protocol": 2,
    }
    if settings.url:
        address = settings.url.get_secret_value()
        if address.startswith("unix://"):
            del options["socket_keepalive"]
        return redis.Redis.from_url(address, **options)
    return redis.Redis(host=settings.host, port=settings.port, **options)


@contextmanager
def redis_errors_as_unavailable() -> Iterator[None]:
    """Translate every error of Redis, a refusal as well, and log it in one line."""
    import redis

    try:
        yield
    except redis.RedisError as error:
        # also for who logs the traceback
        error.args = (without_session_ids(str(error)),)
        _logger.error("The session store in Redis is unavailable: %s", error)
        raise SessionStoreUnavailable() from error


def without_session_ids(message: str) -> str:
    """Return an error's text without the command, whose key and value are secrets."""
    reason = message.rpartition("of pipeline caused error: ")[2]
    return re.sub(r"[\w-]{40,}", lambda secret: f"{secret.group()[:8]}…", reason)
