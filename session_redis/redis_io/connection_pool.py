"""Pools of redis-py with a fast checkout of connections.

The pools of redis-py track each connection in several collections, and take ten times as long.
The check that they make of a connection before each command is made here as well: a connection
with unread data, or whose last command did not complete, is closed and opened again. If all
connections are in use, a command waits for one of them; redis-py's pool refuses it. A connection
that was lost by an exception, before it could be released, is not counted any more.

This module is imported with the first use of Redis, like redis-py.
"""

# these are not methods of models
# pylint: disable=missing-return,method-required-super

import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    Base = redis.ConnectionPool
else:
    Base = object

# the pause between two looks for a connection that was lost
LOOK_SECONDS = 0.05


class PoolFull(redis.RedisError):
    """All connections were in use for as long as a command may wait."""


class FastCheckout(Base):
    """A mixin for pools of redis-py with the connections of ``exchange``.

    :param timeout: the seconds to wait for a connection while all of them are in use
    """

    def __init__(self, *args: Any, timeout: float = 2.0, **options: Any) -> None:
        self._timeout = timeout
        self._released = threading.Condition()
        self._waiting = 0
        super().__init__(*args, **options)

    def reset(self) -> None:
        """Forget all connections, for example in a forked process."""
        self._ready: list[Any] = []
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        super().reset()

    def get_connection(self, *_args: Any, **_options: Any) -> Any:
        """Return a clean connection for exclusive use until it is released.

        :raises PoolFull: if no connection becomes free in time
        """
        try:
            connection = self._ready.pop()
        except IndexError:
            connection = self._wait_or_open()
        connection.is_lent = True
        if not connection.is_clean():
            try:
                self._open(connection)
            except BaseException:
                self.release(connection)
                raise
        return connection

    def release(self, connection: Any) -> None:
        """Return a connection to the pool; one with an unread response is closed."""
        if not connection.is_lent:
            return
        connection.is_lent = False
        # the pool of Sentinel disowns connections to a former master
        is_owned = self.owns_connection(connection)
        if connection.unanswered or connection.is_watching or not is_owned:
            connection.disconnect()
        if is_owned:
            self._ready.append(connection)
        else:
            self._connections.discard(connection)
        if self._waiting:
            with self._released:
                self._released.notify()

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the idle connections, or all connections."""
        idle = []
        while self._ready:
            try:
                idle.append(self._ready.pop())
            except IndexError:
                break  # another thread was faster
        for connection in idle:
            connection.is_lent = True
            connection.disconnect()
            self.release(connection)
        if inuse_connections:
            for connection in list(self._connections):
                connection.disconnect()

    def _open(self, connection: Any) -> None:
        connection.disconnect()
        connection.connect()
        if not connection.is_clean():
            connection.disconnect()
            raise redis.ConnectionError("the server sent data without a request")

    def _wait_or_open(self) -> Any:
        """Return a connection that another thread has released, or a new one."""
        deadline = time.monotonic() + self._timeout
        while True:
            with suppress(IndexError):
                return self._ready.pop()
            with self._released:
                if len(self._connections) < self.max_connections:
                    connection = self.connection_class(**self.connection_kwargs)
                    self._connections.add(connection)
                    return connection
                if time.monotonic() > deadline:
                    raise PoolFull(f"all {self.max_connections} connections are in use")
                self._wait()

    def _wait(self) -> None:
        self._waiting += 1
        try:
            # looked at again, because a release without waiting threads notifies none
            if not self._ready:
                self._released.wait(LOOK_SECONDS)
        finally:
            self._waiting -= 1


class Pool(FastCheckout, redis.ConnectionPool):
    """Connections to one server."""
