"""Pools of redis-py that hand a connection from one command to the next as it is.

Why: redis-py's own asks the system before each command whether the connection is still good,
keeps count of it four times, and takes ten times as long. A connection that was lost meanwhile
is found out by the command, which ``connection`` repeats.

The pool of redis-py takes those connections for used ones; it gets them back to be closed.
Imported with the first use of Redis, as redis-py is.
"""

# these are no methods of models, and give back nothing
# pylint: disable=missing-return,super-method-mismatch

from typing import TYPE_CHECKING, Any

import redis
from redis import sentinel

if TYPE_CHECKING:
    Base = redis.ConnectionPool
else:
    Base = object


class Handing(Base):
    """Mixed into a pool of redis-py."""

    def reset(self) -> None:
        """Forget all connections, as in a process that was forked off."""
        self._ready: list[Any] = []
        super().reset()

    def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return a connection that nobody else uses until it is released."""
        try:
            connection = self._ready.pop()
        except IndexError:
            return super().get_connection(*args, **options)
        # where it was closed by an error; a redis-py that cannot tell looks for itself
        if getattr(connection, "is_connected", False):
            return connection
        try:
            connection.connect()
        except BaseException:
            super().release(connection)
            raise
        return connection

    def release(self, connection: Any) -> None:
        """Take back a connection of which every answer was read, or which was disconnected."""
        # that of Sentinel owns none to a server that is no master any more
        if self.owns_connection(connection):
            self._ready.append(connection)
        else:
            super().release(connection)

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections that nobody uses, or all."""
        while self._ready:
            try:
                super().release(self._ready.pop())
            except IndexError:
                break  # another thread was faster
        super().disconnect(inuse_connections)


class Pool(Handing, redis.ConnectionPool):
    """Connections to one server."""


class MasterPool(Handing, sentinel.SentinelConnectionPool):
    """Connections to the server that the Sentinels name."""
