"""One round trip to Redis, and what came of it.

Why not the public ``get`` of redis-py: it takes as long as core takes for a whole session.
The commands go out as they are over a connection of its pool, and only when that fails, the
client does them again by its own rules of retrying.
"""

from collections.abc import Sequence
from typing import Any

from .encoding import Stamp, decode, without_stamp
from .transaction import Stored, StoredSession

KEYS_A_ROUND_TRIP = 5000


class Found:
    """What Redis has for the keys of one session, in their order."""

    __slots__ = ("_values", "old", "stamp", "unreadable")

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = list(values)
        self.unreadable: str | None = None
        self.stamp: Stamp | None = None
        # whether it is under the other form of the key alone
        self.old = not values[0] and any(isinstance(value, bytes) for value in values)

    @property
    def size(self) -> int:
        return sum(len(value) for value in self._values if isinstance(value, bytes))

    def is_still(self, other: "Found") -> bool:
        return self._values == other._values

    def session(self, sid: str) -> StoredSession | None:
        """Return the session; None when there is none, ``unreadable`` then says why not."""
        payload = next(filter(None, self._values), None)
        if payload is None:
            return None
        if not isinstance(payload, bytes):
            self.unreadable = str(payload)
            return None
        try:
            values, self.stamp = decode(payload)
        except ValueError as error:
            self.unreadable = str(error)
            return None
        session = StoredSession.of_values(values, sid)
        if not self.old:
            session.stored = Stored(sid, without_stamp(payload), self.stamp)
        return session


def fetch(client: Any, keys: Sequence[str]) -> Found:
    """Read the keys of one session; another type under a key is an error among the values."""
    import redis

    commands = [("GET", key) for key in keys]
    # a client of Redis Cluster has a pool for each node
    pool = getattr(client, "connection_pool", None)
    if pool is None:
        answers = _ask_client(client, commands)
    else:
        try:
            answers = _ask(pool, commands)
        except redis.ConnectionError:
            answers = _ask_client(client, commands)
    for answer in answers:
        if isinstance(answer, Exception) and not str(answer).startswith("WRONGTYPE"):
            raise answer
    return Found(answers)


def exist(client: Any, keys: Sequence[str]) -> list[bool]:
    """Tell of each key whether it exists."""
    found: list[bool] = []
    for start in range(0, len(keys), KEYS_A_ROUND_TRIP):
        pipe = client.pipeline(transaction=False)
        for key in keys[start : start + KEYS_A_ROUND_TRIP]:
            pipe.exists(key)
        found.extend(map(bool, pipe.execute()))
    return found


def _ask(pool: Any, commands: Sequence[tuple[str, str]]) -> list[Any]:
    connection = pool.get_connection()
    try:
        connection.send_packed_command(connection.pack_commands(commands))
        return [_answer(connection) for _command in commands]
    except BaseException:
        # an answer that is still on its way must not become that of the next command
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def _answer(connection: Any) -> Any:
    import redis

    try:
        return connection.read_response()
    except redis.ResponseError as error:
        # the answers after it have to be read as well
        return error


def _ask_client(client: Any, commands: Sequence[tuple[str, str]]) -> list[Any]:
    pipe = client.pipeline(transaction=False)
    for command in commands:
        pipe.execute_command(*command)
    return list(pipe.execute(raise_on_error=False))
