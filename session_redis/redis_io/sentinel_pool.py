"""The connections to the server that the Sentinels name as master.

A master that was paused (a virtual machine that is moved, a stopped container) comes back as
it was: for some seconds it accepts commands, until a Sentinel makes it a replica of the new
one, and all that it was given is lost. So a connection is used for a second at most, then

- the Sentinels are asked for the master once more: an answer that is another server closes
  the connections to the former one;
- the server is asked for its role, also on each new connection: a Sentinel may be late.

While no Sentinel answers, the role is all that is verified.
"""

# these are not methods of models
# pylint: disable=missing-return

import logging
import threading
import time
from typing import Any

import redis
from redis import sentinel

from .connection_pool import Handing
from .exchange import Exchange

_logger = logging.getLogger(__name__)

VERIFIED_SECONDS = 1.0
# Sentinels that are slow to answer, or not to answer, take this part of the time at most
LARGEST_PART = 0.1


class NotMaster(redis.ReadOnlyError):
    """The server is not a master now; soon it may be, or another one is."""


class MasterConnection(Exchange, sentinel.SentinelManagedConnection):
    """A connection without TLS to the master."""

    verified_until = 0.0

    def verify(self) -> None:
        """Ask the server for its role, on a new connection and once a second of use.

        :raises NotMaster: when it has another one; the connection is closed then
        """
        try:
            # not ROLE, which few users of Redis' ACL may use
            connection: Any = self
            connection.send_command("HELLO", 2, check_health=False)
            answer = connection.read_response()
        except redis.ResponseError:
            # older than 6.0, or not allowed: what the Sentinels say has to do
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


class MasterPool(Handing, sentinel.SentinelConnectionPool):
    """Connections to the server that the Sentinels name."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock_of_question = threading.Lock()
        self._ask_at = 0.0
        super().__init__(*args, **options)

    def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return a connection to the master, which was verified within the last second."""
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
        # others wait: they would use the former master meanwhile
        with self._lock_of_question:
            began = time.monotonic()
            if began < self._ask_at:
                return
            try:
                # closes the idle connections to a server that is not the master any more
                pool.get_master_address()
            except redis.RedisError:
                # away, or they agree on none now: the role of each connection is verified
                _logger.debug("The Sentinels name no master")
            ended = time.monotonic()
            self._ask_at = ended + max(VERIFIED_SECONDS, (ended - began) / LARGEST_PART)
