"""Round trips to Redis: several commands are sent together, and their responses are read.

The public commands of redis-py are not used: its ``get`` alone takes as long as the file store of
core for a whole session. Commands are packed by hiredis and sent over a connection of the pool of
redis-py; on Redis Cluster, the client of redis-py routes them.

Changes of sessions depend on conditions, see ``conditional_write``.

All functions raise the errors of redis-py; ``connection`` handles them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import hiredis

Command = tuple[str | bytes | int, ...]

COMMANDS_PER_ROUND_TRIP = 5000

# the value of the tombstone of a session that has ended; other tombstones contain the time when
# a session was taken over
ENDED = b"ended"


class Lookup(NamedTuple):
    """The response of Redis for one session: the key that exists, and its payload.

    The payload is an error of redis-py if the key is not a string, and None without a session.
    """

    key: str
    payload: Any = None
    # the key has a form that this store reads, but does not write
    is_other_key: bool = False
    # the index lists the session
    is_indexed: bool = False
    # the values of the tombstones that exist
    tombstones: Sequence[bytes] = ()

    @property
    def size(self) -> int:
        """The number of bytes of the payload."""
        return len(self.payload) if isinstance(self.payload, bytes) else 0


def read_session(client: Any, key: str, index_entry: Sequence[str] = ()) -> Lookup:
    """Look up a session by one key.

    :param index_entry: the key and the field of its index, if it may have an index
    """
    commands: list[Command] = [("GET", key)]
    if index_entry:
        commands.append(("HEXISTS", *index_entry))
    responses = raise_errors(send(client, commands), allow_wrong_type=True)
    return Lookup(key, responses[0], False, bool(index_entry) and _is_listed(responses[1]))


def read_any_form(
    client: Any, keys: Sequence[str], index_entry: Sequence[str], tombstones: Sequence[str]
) -> Lookup:
    """Look up a session by all keys that may hold it, in one round trip; the first key wins.

    Between two round trips, another request could write the first key and delete the second one.
    """
    commands: list[Command] = [("GET", key) for key in keys]
    if index_entry:
        commands.append(("HEXISTS", *index_entry))
    if tombstones:
        commands.append(("MGET", *tombstones))
    responses = raise_errors(send(client, commands), allow_wrong_type=True)
    is_indexed = bool(index_entry) and _is_listed(responses[len(keys)])
    existing = [value for value in responses[-1] if value] if tombstones else []
    for position, key in enumerate(keys):
        if responses[position]:
            return Lookup(key, responses[position], position > 0, is_indexed, existing)
    return Lookup(keys[0])


def _is_listed(response: Any) -> bool:
    """Return True if the response to HEXISTS says that the index lists a session.

    :raises redis.ConnectionError: for the response to another command; without this check a server
        or a proxy that repeats a response would log out a user
    """
    import redis

    if isinstance(response, int):
        return response == 1
    if isinstance(response, Exception):
        return False  # the key of the index has another type
    raise redis.ConnectionError("the response belongs to another command")


def seconds_left(client: Any, key: str) -> int | None:
    """Return the lifetime of a key: 0 if it does not exist, None if it has no end."""
    left: int = raise_errors(send(client, [("TTL", key)]))[0]
    return None if left == -1 else max(left, 0)


def exist(client: Any, groups: Sequence[Sequence[str]]) -> list[bool]:
    """Return, for each group of keys, True if one of the keys exists."""
    commands: list[Command] = [("EXISTS", *group) for group in groups]
    counts: list[Any] = []
    for start in range(0, len(commands), COMMANDS_PER_ROUND_TRIP):
        counts += raise_errors(send(client, commands[start : start + COMMANDS_PER_ROUND_TRIP]))
    return [bool(count) for count in counts]


def write(client: Any, commands: Sequence[Command]) -> None:
    """Execute commands that are for one slot of Redis Cluster: all of them, or none."""
    is_transaction = len(commands) > 1
    sent = [("MULTI",), *commands, ("EXEC",)] if is_transaction else commands
    responses = _send_to_pool(client, sent)
    if responses is None:
        pipe = client.pipeline(transaction=is_transaction)
        for command in commands:
            pipe.execute_command(*command)
        pipe.execute()
        return
    raise_errors(responses)
    if is_transaction:
        raise_errors(responses[-1])


def send(client: Any, commands: Sequence[Command], key: str | None = None) -> list[Any]:
    """Send commands in one round trip and return their responses, which may be errors.

    :param key: a key of a script; without it, redis-py asks a Cluster for the keys of the script
    """
    responses = _send_to_pool(client, commands)
    if responses is None:
        options = {"target_nodes": client.get_node_from_key(key)} if key else {}
        pipe = client.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command, **options)
        responses = list(pipe.execute(raise_on_error=False))
    return responses


def raise_errors(responses: Sequence[Any], allow_wrong_type: bool = False) -> Sequence[Any]:
    """Return responses; raise the first error among them."""
    for response in responses:
        if isinstance(response, Exception):
            if allow_wrong_type and str(response).startswith("WRONGTYPE"):
                continue
            raise response
    return responses


def pack(commands: Sequence[Command]) -> bytes:
    """Return the bytes that are sent for commands."""
    # its type stub accepts tuples of one word only
    pack_command: Any = hiredis.pack_command
    return b"".join(map(pack_command, commands))


def _send_to_pool(client: Any, commands: Sequence[Command]) -> list[Any] | None:
    """Return the responses; None for a client of Redis Cluster, which has a pool per node."""
    pool = getattr(client, "connection_pool", None)
    if pool is None:
        return None
    connection = pool.get_connection()
    try:
        return connection.exchange(pack(commands), len(commands))  # type: ignore[no-any-return]
    finally:
        pool.release(connection)
