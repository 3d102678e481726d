"""Pools of redis-py that hand a connection from one command to the next, if it is clean.

Why not redis-py's own: it keeps count of each connection four times, and takes ten times as
long. What it asks of the system before each command is asked here too: a connection with
unread data, or whose last command did not complete, is closed and opened again. Where all
connections are in use, a command waits for one; redis-py's pool refuses. One that an
exception took away from its command, before it could be released, is no longer counted.

Imported with the first use of Redis, as redis-py is.
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

# how often it is looked whether a connection was taken away
LOOK_SECONDS = 0.05


class PoolFull(redis.RedisError):
    """Each connection that the pool may open was in use for as long as a command may wait."""


class Handing(Base):
    """Mixed into a pool of redis-py, whose connections are those of ``exchange``.

    :param timeout: seconds to wait for a connection while all of them are in use
    """

    def __init__(self, *args: Any, timeout: float = 2.0, **options: Any) -> None:
        self._timeout = timeout
        self._released = threading.Condition()
        self._waiting = 0
        super().__init__(*args, **options)

    def reset(self) -> None:
        """Forget all connections, as in a process that was forked off."""
        self._ready: list[Any] = []
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        super().reset()

    def get_connection(self, *_args: Any, **_options: Any) -> Any:
        """Return a clean connection that nobody else uses until it is released.

        :raises PoolFull: where there is none in time
        """
        try:
            connection = self._ready.pop()
        except IndexError:
            connection = self._another()
        connection.is_lent = True
        if not connection.is_clean():
            try:
                self._open(connection)
            except BaseException:
                self.release(connection)
                raise
        return connection

    def release(self, connection: Any) -> None:
        """Take a connection back, once; one with an answer under way is closed."""
        if not connection.is_lent:
            return
        connection.is_lent = False
        # that of Sentinel owns none to a server that is no master any more
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
        """Close the connections that nobody uses, or all."""
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
            raise redis.ConnectionError("the server says more than it was asked for")

    def _another(self) -> Any:
        """Return a connection that was released meanwhile, or a new one."""
        until = time.monotonic() + self._timeout
        while True:
            with suppress(IndexError):
                return self._ready.pop()
            with self._released:
                if len(self._connections) < self.max_connections:
                    connection = self.connection_class(**self.connection_kwargs)
                    self._connections.add(connection)
                    return connection
                if time.monotonic() > until:
                    raise PoolFull(f"all {self.max_connections} connections are in use")
                self._wait()

    def _wait(self) -> None:
        self._waiting += 1
        try:
            # looked at once more: who releases looks at the number of those who wait
            if not self._ready:
                self._released.wait(LOOK_SECONDS)
        finally:
            self._waiting -= 1


class Pool(Handing, redis.ConnectionPool):
    """Connections to one server."""
