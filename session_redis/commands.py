"""Round trips to Redis, and what comes of reading a session.

Why not the public commands of redis-py: its ``get`` takes as long as core takes for a whole
session. Commands go out as they are over a connection of its pool; on Redis Cluster, the
client does them by its own rules.

fetch, exist, members -> ask    answers, each may be an error
write -> ask                    one command, or MULTI/EXEC
write_unless_changed            WATCH, MULTI/EXEC

All raise the errors of redis-py; what is done about them is said in ``connection``.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .encoding import Stamp, decode, without_stamp
from .packing import unpack

Command = tuple[str | bytes | int, ...]

KEYS_A_ROUND_TRIP = 5000


class Found:
    """What Redis has for one session; ``old`` if it is under the other form of the key alone."""

    __slots__ = ("body", "is_indexed", "old", "payload", "stamp", "unreadable")

    def __init__(self, payload: Any, old: bool = False, is_indexed: bool = False) -> None:
        self.payload = payload
        self.old = old
        self.is_indexed = is_indexed
        # what it says, once its values were asked for
        self.body = b""
        self.stamp: Stamp | None = None
        self.unreadable: str | None = None

    @property
    def size(self) -> int:
        return len(self.payload) if isinstance(self.payload, bytes) else 0

    def is_still(self, other: "Found") -> bool:
        return bool(self.payload == other.payload) and self.old == other.old

    def values(self) -> dict[str, Any] | None:
        """Return those of the session; None when there is none, ``unreadable`` says why not."""
        if not self.payload:
            return None
        if not isinstance(self.payload, bytes):
            self.unreadable = "the key is of another type"
            return None
        try:
            text = unpack(self.payload)
            values, self.stamp = decode(text)
        except ValueError:
            # not its text: nothing of a payload is ever in a message
            self.unreadable = f"{self.size} bytes that are not a session"
            return None
        self.body = without_stamp(text)
        return values


def fetch(client: Any, keys: Sequence[str], entry: Sequence[str] = ()) -> Found:
    """Read a session by the keys that may hold it, the first of them alone where that does.

    Of another type under a key, what Redis says is the payload.

    :param entry: the key and the field of its index, where that is to be asked as well
    """
    if not entry:
        payload = _good(ask(client, [("GET", keys[0])]), of_any_type=True)[0]
        if payload or len(keys) == 1:
            return Found(payload)
    # all of them at once: between two looks, another request may write it under the first key
    # and delete the other
    commands: list[Command] = [("GET", key) for key in keys]
    if entry:
        commands.append(("HEXISTS", *entry))
    answers = _good(ask(client, commands), of_any_type=True)
    is_indexed = answers[len(keys) :] == [1]
    for place, payload in enumerate(answers[: len(keys)]):
        if payload:
            return Found(payload, old=place > 0, is_indexed=is_indexed)
    return Found(None)


def exist(client: Any, keys: Sequence[Sequence[str]]) -> list[bool]:
    """Tell of each group of keys whether one of them exists."""
    return [bool(answer) for answer in _each(client, [("EXISTS", *group) for group in keys])]


def members(client: Any, keys: Sequence[str]) -> list[list[str]]:
    """Return the fields of the hash under each key."""
    hashes = [("HKEYS", key) for key in keys]
    return [[field.decode() for field in answer] for answer in _each(client, hashes)]


def _each(client: Any, commands: Sequence[Command]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(commands), KEYS_A_ROUND_TRIP):
        found.extend(_good(ask(client, commands[start : start + KEYS_A_ROUND_TRIP])))
    return found


def size(commands: Sequence[Command]) -> int:
    """Return how many bytes of sessions some commands write."""
    payloads = (one[2] for one in commands if one[0] == "SET")
    return sum(len(payload) for payload in payloads if isinstance(payload, bytes))


def write(client: Any, commands: Sequence[Command], wait_ms: int = 0) -> None:
    """Send commands that are for one slot of Redis Cluster: all of them happen, or none.

    ``wait_ms``: for so long a replica is waited for, in the same round trip; not on a Cluster.
    """
    sent = [("MULTI",), *commands, ("EXEC",)] if len(commands) > 1 else list(commands)
    # its answer does not matter: without a replica, or its permission, this is as without it
    wait: list[Command] = [("WAIT", 1, wait_ms)] if wait_ms else []
    answers = _ask_pool(client, [*sent, *wait])
    if answers is None:
        pipe = client.pipeline(transaction=len(commands) > 1)
        for command in commands:
            pipe.execute_command(*command)
        pipe.execute()
        return
    _good(answers[: len(sent)])
    if len(commands) > 1:
        _good(answers[len(sent) - 1])


def write_unless_changed(
    client: Any, keys: Sequence[str], prepare: Callable[[], Sequence[Command] | None]
) -> bool:
    """Send the commands of ``prepare()``, unless it has None or a key is changed meanwhile."""
    import redis

    pipe: Any
    with client.pipeline(transaction=True) as pipe:
        pipe.watch(*keys)
        commands = prepare()
        if commands is None:
            return False
        pipe.multi()
        for command in commands:
            pipe.execute_command(*command)
        try:
            pipe.execute()
        except redis.WatchError:
            return False
    return True


def ask(client: Any, commands: Sequence[Command]) -> list[Any]:
    """Send commands in one round trip and return their answers; errors are among them."""
    answers = _ask_pool(client, commands)
    if answers is None:
        pipe = client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        answers = list(pipe.execute(raise_on_error=False))
    return answers


def _good(answers: Sequence[Any], of_any_type: bool = False) -> Sequence[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            if of_any_type and str(answer).startswith("WRONGTYPE"):
                continue
            raise answer
    return answers


def _ask_pool(client: Any, commands: Sequence[Command]) -> list[Any] | None:
    """Return the answers; None where there is no single pool."""
    # a client of Redis Cluster has a pool for each node
    pool = getattr(client, "connection_pool", None)
    if pool is None:
        return None
    connection = pool.get_connection()
    try:
        return connection.exchange(_pack(commands), len(commands))  # type: ignore[no-any-return]
    finally:
        pool.release(connection)


def _pack(commands: Sequence[Command]) -> bytes:
    """Return commands as RESP has them."""
    parts = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for word in command:
            data = word if isinstance(word, bytes) else str(word).encode()
            parts += b"$%d\r\n" % len(data), data, b"\r\n"
    return b"".join(parts)
