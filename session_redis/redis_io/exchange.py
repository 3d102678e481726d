"""Connections of redis-py that count the commands which have not been answered.

A connection whose last command was interrupted, at any place between sending and reading, has
an answer under way that belongs to no later command. redis-py closes such a connection where
the error passes through its own code, and returns it to the pool where an exception such as
``KeyboardInterrupt``, ``SystemExit``, a timeout of gevent or ``MemoryError`` hits between two
of its calls. Here a connection is clean only once each answer was counted, so that the pool
needs not know what happened.

Imported with the first use of Redis, as redis-py is.
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
    """Mixed into a connection of redis-py."""

    # commands that were sent, and whose answers were not read yet
    unanswered = 0
    # a change of keys would end the next transaction without a reason of its own
    is_watching = False
    # the pool gave it to a command; a second release of the same connection is ignored
    is_lent = False
    # the socket on which all that a new connection begins with was done: log-in, database
    _established: Any = None
    _packed = 1
    _has_exec = False
    _polled: Any = None
    _poll: Any = None

    def connect(self) -> None:
        """Connect, unless it is done; what was begun and not ended begins again."""
        if self._sock is not None:
            if self._sock is self._established:
                return
            self.disconnect()
        super().connect()
        self.verify()
        self._established = self._sock

    def verify(self) -> None:
        """Look whether a new connection is of use."""

    def exchange(self, packed: bytes, count: int) -> list[Any]:
        """Send ``count`` packed commands and return their answers; errors are among them."""
        if self._sock is None:
            self.connect()
        self.check_health()
        self.unanswered = count
        super().send_packed_command([packed], check_health=False)
        answers: list[Any] = []
        for _number in range(count):
            try:
                answers.append(super().read_response())
            except redis.ResponseError as error:
                # the answers after it have to be read as well
                answers.append(error)
        self.unanswered = 0
        return answers

    def is_clean(self) -> bool:
        """Return True if it is connected, each command was answered and nothing is unread."""
        sock = self._sock
        if sock is None or sock is not self._established or self.unanswered or self.is_watching:
            return False
        reader = getattr(self._parser, "_reader", None)
        if reader is None:  # redis-py's own parser
            return not self._has_more()
        if sock is not self._polled:
            # registered once for a socket: half the time of redis-py's own question
            self._poll = select.poll()
            self._poll.register(sock, select.POLLIN)
            self._polled = sock
        pending = getattr(sock, "pending", None)  # of TLS: decrypted already
        return not (reader.has_data() or (pending and pending()) or self._poll.poll(0))

    def pack_commands(self, commands: Iterable[Any]) -> Any:
        """Pack commands that are sent next, as redis-py's pipelines do."""
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
        """Send one command, or those that ``pack_commands`` packed."""
        # connecting sends commands as well: these are counted by a call of their own
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
        """Return the next answer."""
        try:
            answer = super().read_response(*args, **options)
        except redis.ResponseError:
            self.unanswered -= 1
            raise
        self.unanswered -= 1
        return answer

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Close the connection: no answer of it will be read."""
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
