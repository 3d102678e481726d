"""The kinds of Redis' errors, and their descriptions in the words of this addon.

The texts of redis-py and of servers are never passed on: a server repeats the commands that it
refuses, and they contain session ids and values.
"""

import functools
import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..exceptions import SessionStoreUnavailable

# the name that operators know
_logger = logging.getLogger(f"{__package__}.connection")

# the code at the beginning of an error of Redis, for example MISCONF
_CODE = re.compile(r"[A-Z]{3,20}\b")


def is_in_transition(error: Exception) -> bool:
    """Return True if a server cannot serve now, but may soon: it starts, or fails over."""
    import redis

    # the text with which redis-py's Sentinel client reports READONLY
    if isinstance(error, redis.ConnectionError) and "now a slave" in str(error):
        return True
    # MASTERDOWN is a ClusterDownError too
    return isinstance(
        error,
        redis.ReadOnlyError
        | redis.BusyLoadingError
        | redis.exceptions.ClusterDownError
        | redis.exceptions.TryAgainError
        | redis.exceptions.SlotNotCoveredError,
    )


def is_refusal(error: Exception) -> bool:
    """Return True if a server does not accept this user, or does not permit a command."""
    import redis

    return isinstance(
        error,
        redis.AuthenticationError
        | redis.exceptions.AuthorizationError
        | redis.exceptions.NoPermissionError,
    )


def is_outage(error: Exception) -> bool:
    """Return True if any next command would fail in the same way."""
    import redis

    lost = redis.ConnectionError | redis.TimeoutError | redis.exceptions.RedisClusterException
    return isinstance(error, lost) or is_in_transition(error)


@functools.cache
def redis_error_classes() -> tuple[type[Exception], ...]:
    """Return the base classes of redis-py's errors: its Cluster client has a separate one."""
    import redis

    return (redis.RedisError, redis.exceptions.RedisClusterException)


@contextmanager
def redis_errors_as_unavailable(log: bool = True) -> Iterator[None]:
    """Translate every error of Redis to ``SessionStoreUnavailable``, and log it in one line."""
    try:
        yield
    except redis_error_classes() as error:
        level = logging.ERROR if log else logging.DEBUG
        _logger.log(level, "The session store in Redis is unavailable: %s", describe(error))
        hide_session_ids(error)
        raise SessionStoreUnavailable() from error


def hide_session_ids(error: Exception) -> None:
    """Remove session ids from the text of an error, which a traceback would show."""
    error.args = (without_session_ids(str(error)),)


def without_session_ids(message: str) -> str:
    """Return the text of an error without the command, whose key and value are secrets."""
    reason = message.rpartition("of pipeline caused error: ")[2]
    # a server that does not know a command repeats its arguments
    reason = reason.partition(", with args beginning with:")[0]
    return re.sub(r"[\w-]{40,}", lambda secret: f"{secret.group()[:8]}…", reason)


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and the errors that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def describe(error: Exception) -> str:
    """Return a clause about the server that describes an error."""
    for applies, text in _descriptions():
        if applies(error):
            return text
    # a code of Redis is not a secret, the rest of the text could be
    code = getattr(error, "status_code", None) or _code_of(error)
    return f"it refuses a command ({code})" if code else f"it failed ({type(error).__name__})"


def _code_of(error: Exception) -> str:
    code = _CODE.match(without_session_ids(str(error)))
    return code[0] if code else ""


@functools.cache
def _descriptions() -> list[tuple[Callable[[Exception], bool], str]]:
    """Return tests of errors with their description; the first test that is true applies."""
    from redis import exceptions, sentinel

    from .connection_pool import PoolFull

    return [
        (_is(PoolFull), "all connections of this process are in use"),
        (_is(exceptions.AuthenticationError), "it refuses the user or the password"),
        (_is(exceptions.NoPermissionError), "its user may not use a command or a key"),
        (_is(exceptions.BusyLoadingError), "it is loading its data"),
        (_is(exceptions.OutOfMemoryError), "its memory is full"),
        (_is(exceptions.ReadOnlyError), "it is a replica, and does not write"),
        (_is(sentinel.MasterNotFoundError), "the Sentinels name no master"),
        (is_in_transition, "it is not ready"),
        (_is(exceptions.RedisClusterException), "no node of the Cluster can be used"),
        (_is(exceptions.TimeoutError), "it does not answer in time"),
        (_has_cause(ConnectionRefusedError), "it refuses the connection"),
        (_has_cause(FileNotFoundError), "its socket does not exist"),
        (_has_cause(socket.gaierror), "the name of its host cannot be resolved"),
        (_has_cause(ssl.SSLError), "no connection with TLS is possible"),
        (_is(exceptions.ConnectionError), "the connection was lost"),
    ]


def _is(kind: type[Exception]) -> Callable[[Exception], bool]:
    return lambda error: isinstance(error, kind)


def _has_cause(kind: type[Exception]) -> Callable[[Exception], bool]:
    return lambda error: any(isinstance(cause, kind) for cause in causes_of(error))
