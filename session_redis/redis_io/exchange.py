"""Connections of redis-py that count the commands without a response.

If a command is interrupted between sending and reading, its response arrives later and must not
reach another command. redis-py closes such a connection if the error passes through its own code,
and returns it to the pool if an exception such as ``KeyboardInterrupt``, ``SystemExit``, a timeout
of gevent or ``MemoryError`` is raised between two of its calls. Here a connection is clean only
once every response was counted, so the pool does not depend on the way of the exception.

This module is imported with the first use of Redis, like redis-py.
"""

# these are not methods of models
# pylint: disable=missing-return,super-method-mismatch

import select
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import redis

if TYPE_CHECKING:
    Base = Any  # redis-py's methods have no types
else:
    Base = object


class Exchange(Base):
    """A mixin for connections of redis-py."""

    # the number of commands that were sent, and whose responses were not read yet
    unanswered = 0
    # a key that is still watched could make an unrelated transaction fail
    is_watching = False
    # a command uses it; a second release of the same connection is ignored
    is_lent = False
    # the socket on which log-in and choice of the database are complete
    _established: Any = None
    _packed = 1
    _has_exec = False
    _polled: Any = None
    _poll: Any = None

    def connect(self) -> None:
        """Connect, unless connected; a connection that is not complete is made again."""
        if self._sock is not None:
            if self._sock is self._established:
                return
            self.disconnect()
        super().connect()
        self.verify()
        self._established = self._sock

    def verify(self) -> None:
        """Raise an error if a new connection must not be used."""

    def exchange(self, packed: bytes, count: int) -> list[Any]:
        """Send ``count`` packed commands and return their responses, which may be errors."""
        if self._sock is None:
            self.connect()
        self.check_health()
        self.unanswered = count
        super().send_packed_command([packed], check_health=False)
        responses: list[Any] = []
        for _number in range(count):
            try:
                responses.append(super().read_response())
            except redis.ResponseError as error:
                # the responses after it have to be read as well
                responses.append(error)
        self.unanswered = 0
        return responses

    def is_clean(self) -> bool:
        """Return True if it is connected, without unanswered commands and unread data."""
        sock = self._sock
        if sock is None or sock is not self._established or self.unanswered or self.is_watching:
            return False
        reader = getattr(self._parser, "_reader", None)
        if reader is None:  # redis-py's own parser
            return not self._has_more()
        if sock is not self._polled:
            # registered once per socket: redis-py does it each time, and takes twice as long
            self._poll = select.poll()
            self._poll.register(sock, select.POLLIN)
            self._polled = sock
        pending = getattr(sock, "pending", None)  # TLS: data that are already decrypted
        return not (reader.has_data() or (pending and pending()) or self._poll.poll(0))

    def pack_commands(self, commands: Iterable[Any]) -> Any:
        """Pack the commands that a pipeline of redis-py sends next."""
        commands = list(commands)
        self._packed = len(commands)
        self._has_exec = bool(commands) and commands[-1][0] == "EXEC"
        return super().pack_commands(commands)

    def send_command(self, *args: Any, **options: Any) -> None:
        """Send one command."""
        if args[0] == "WATCH":
            self.is_watching = True
        super().send_command(*args, **options)
        if args[0] == "UNWATCH":
            self.is_watching = False

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send one command, or the commands that ``pack_commands`` packed."""
        # connecting sends commands as well, which another call counts
        count, self._packed = self._packed, 1
        has_exec, self._has_exec = self._has_exec, False
        if check_health:
            if self._sock is None:
                self.connect()
            self.check_health()
        self.unanswered += count
        super().send_packed_command(command, check_health=False)
        if has_exec:
            self.is_watching = False

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Return the next response."""
        try:
            response = super().read_response(*args, **options)
        except redis.ResponseError:
            self.unanswered -= 1
            raise
        self.unanswered -= 1
        return response

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Close the connection; its outstanding responses are lost."""
        super().disconnect(*args, **options)
        self.unanswered = 0
        self.is_watching = False

    def _has_more(self) -> bool:
        try:
            return bool(self.can_read(0))
        except (redis.RedisError, OSError):
            return True


class TcpConnection(Exchange, redis.Connection):
    """A connection without TLS."""


class TlsConnection(Exchange, redis.SSLConnection):
    """A connection with TLS."""


class SocketConnection(Exchange, redis.UnixDomainSocketConnection):
    """A connection to a unix socket."""
