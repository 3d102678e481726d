"""The connections to the server that the Sentinels name as master.

A master that was paused (a virtual machine that is moved, a stopped container) returns in its
former role: for some seconds it accepts commands, until a Sentinel makes it a replica of the new
master, and these writes are lost. So a connection is used for at most a second, then

- the Sentinels are asked for the master again: if they name another server, the connections to
  the former one are closed;
- the server is asked for its role, also on each new connection: a Sentinel may be late.

While no Sentinel answers, only the role is verified.
"""

# these are not methods of models
# pylint: disable=missing-return

import logging
import threading
import time
from typing import Any

import redis
from redis import sentinel

from .connection_pool import FastCheckout
from .exchange import Exchange

_logger = logging.getLogger(__name__)

VERIFIED_SECONDS = 1.0
# slow or silent Sentinels take at most this part of the time
MAX_PART_OF_TIME = 0.1


class NotMaster(redis.ReadOnlyError):
    """The server is not the master; soon it may be, or another server is."""


class MasterConnection(Exchange, sentinel.SentinelManagedConnection):
    """A connection without TLS to the master."""

    verified_until = 0.0

    def verify(self) -> None:
        """Ask the server for its role, on a new connection and once per second of use.

        :raises NotMaster: if it has another role; the connection is closed
        """
        try:
            # not ROLE, which few users of Redis may execute
            connection: Any = self
            connection.send_command("HELLO", 2, check_health=False)
            answer = connection.read_response()
        except redis.ResponseError:
            # older than 6.0, or not permitted: rely on the Sentinels
            answer = [b"role", b"master"]
        role = dict(zip(answer[::2], answer[1::2], strict=False)).get(b"role")
        if role != b"master":
            self.disconnect()
            raise NotMaster("the server that the Sentinels name is not a master")
        self.verified_until = time.monotonic() + VERIFIED_SECONDS

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Close the connection; the next server is verified again."""
        self.verified_until = 0.0
        super().disconnect(*args, **options)


class MasterTlsConnection(MasterConnection, sentinel.SentinelManagedSSLConnection):
    """A connection with TLS to the master."""


class MasterPool(FastCheckout, sentinel.SentinelConnectionPool):
    """Connections to the server that the Sentinels name."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._asking = threading.Lock()
        self._ask_at = 0.0
        super().__init__(*args, **options)

    def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return a connection to the master that was verified within the last second."""
        now = time.monotonic()
        if now > self._ask_at and self.master_address:
            self._ask_sentinels()
        connection = super().get_connection(*args, **options)
        if now > connection.verified_until:
            try:
                connection.verify()
            except BaseException:
                self.release(connection)
                raise
        return connection

    def _ask_sentinels(self) -> None:
        pool: Any = self
        # other threads wait, instead of using the former master in between
        with self._asking:
            began = time.monotonic()
            if began < self._ask_at:
                return
            try:
                # closes the idle connections to a former master
                pool.get_master_address()
            except redis.RedisError:
                # they are unavailable or disagree: the role of each connection is verified
                _logger.debug("The Sentinels name no master")
            ended = time.monotonic()
            self._ask_at = ended + max(VERIFIED_SECONDS, (ended - began) / MAX_PART_OF_TIME)
