"""Round trips to Redis, and what comes of reading a session.

Why not the public commands of redis-py: its ``get`` takes as long as core takes for a whole
session. Commands go out as they are over a connection of its pool; on Redis Cluster, the
client does them by its own rules.

fetch, exist, seconds_left -> ask    answers, each may be an error
write -> ask                         one command, or MULTI/EXEC

Changes of sessions depend on conditions, see ``conditional_write``.

All raise the errors of redis-py; what is done about them is said in ``connection``.
"""

from collections.abc import Sequence
from typing import Any

from ..serialization.compression import unpack
from ..serialization.tagged_json import Stamp, decode, digest_of, split

Command = tuple[str | bytes | int, ...]

KEYS_A_ROUND_TRIP = 5000

# the value of a tombstone of a session that has ended; the other one is when it was taken over
ENDED = b"ended"


class Found:
    """What Redis has for one session, and under which key.

    ``old`` if that is the other form of the key; ``tombstones`` are those that were found.
    """

    __slots__ = (
        "body", "clock", "is_bound", "is_indexed", "key", "old", "payload", "stamp", "tombstones",
        "unreadable",
    )  # fmt: skip

    def __init__(
        self,
        key: str,
        payload: Any,
        old: bool = False,
        is_indexed: bool = False,
        tombstones: Sequence[bytes] = (),
    ) -> None:
        self.key = key
        self.payload = payload
        self.old = old
        self.is_indexed = is_indexed
        self.tombstones = tombstones
        # what it says, once its values were asked for
        self.body = b""
        self.is_bound = False
        self.clock: bytes | None = None
        self.stamp: Stamp | None = None
        self.unreadable: str | None = None

    @property
    def size(self) -> int:
        return len(self.payload) if isinstance(self.payload, bytes) else 0

    def values(self, sid: str) -> dict[str, Any] | None:
        """Return those of the session; None when there is none, ``unreadable`` says why not."""
        if not self.payload:
            return None
        if not isinstance(self.payload, bytes):
            self.unreadable = "the key is of another type"
            return None
        try:
            text = unpack(self.payload)
            owner, body = split(text)
            values, self.stamp = decode(text)
        except ValueError:
            # not its text: nothing of a payload is ever in a message
            self.unreadable = f"{self.size} bytes that are not a session"
            return None
        digest = digest_of(sid)
        if owner and not owner.startswith(digest):
            self.unreadable = "it belongs to another session"
            return None
        self.body = body
        self.is_bound = bool(owner)
        self.clock = owner[len(digest) :] if owner else None
        return values


def fetch(
    client: Any,
    keys: Sequence[str],
    entry: Sequence[str] = (),
    tombstones: Sequence[str] = (),
    at_once: bool = False,
) -> Found:
    """Read a session by the keys that may hold it, the first of them alone where that does.

    Of another type under a key, what Redis says is the payload.

    :param entry: the key and the field of its index, where it may have one
    :param tombstones: the keys of what may say that no earlier form of it counts
    :param at_once: read all keys in any case
    """
    if not at_once:
        found = _read(client, keys[:1], entry)
        if found.payload or len(keys) == 1:
            return found
    # all of them at once: between two looks, another request may write it under the first key
    # and delete the other
    return _read(client, keys, entry, tombstones)


def _read(
    client: Any, keys: Sequence[str], entry: Sequence[str], tombstones: Sequence[str] = ()
) -> Found:
    commands: list[Command] = [("GET", key) for key in keys]
    if entry:
        commands.append(("HEXISTS", *entry))
    if tombstones:
        commands.append(("MGET", *tombstones))
    answers = good(ask(client, commands), of_any_type=True)
    is_indexed = bool(entry) and answers[len(keys)] == 1
    found_tombstones = [tombstone for tombstone in answers[-1] if tombstone] if tombstones else []
    for place, payload in enumerate(answers[: len(keys)]):
        if payload:
            return Found(keys[place], payload, place > 0, is_indexed, found_tombstones)
    return Found(keys[0], None)


def seconds_left(client: Any, key: str) -> int | None:
    """Return for how long a key lives, 0 if it does not exist; None if it lives for ever."""
    left: int = good(ask(client, [("TTL", key)]))[0]
    return None if left == -1 else max(left, 0)


def exist(client: Any, keys: Sequence[Sequence[str]]) -> list[bool]:
    """Tell of each group of keys whether one of them exists."""
    return [bool(answer) for answer in _each(client, [("EXISTS", *group) for group in keys])]


def _each(client: Any, commands: Sequence[Command]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(commands), KEYS_A_ROUND_TRIP):
        found.extend(good(ask(client, commands[start : start + KEYS_A_ROUND_TRIP])))
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
    good(answers[: len(sent)])
    if len(commands) > 1:
        good(answers[len(sent) - 1])


def ask(client: Any, commands: Sequence[Command], key: str | None = None) -> list[Any]:
    """Send commands in one round trip and return their answers; errors are among them.

    :param key: one of those of a script, of which redis-py would ask a Cluster for its keys first
    """
    answers = _ask_pool(client, commands)
    if answers is None:
        options = {"target_nodes": client.get_node_from_key(key)} if key else {}
        pipe = client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command, **options)
        answers = list(pipe.execute(raise_on_error=False))
    return answers


def good(answers: Sequence[Any], of_any_type: bool = False) -> Sequence[Any]:
    """Return answers without an error among them; the first error is raised."""
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
