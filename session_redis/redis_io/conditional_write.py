"""Commands to Redis that happen only while their conditions hold: all of them, or none.

Why: between reading a session and writing it, another request may have ended it. A decision that
was made on the state that was read must not be carried out on another state.

One script does it, in one round trip: ``EVALSHA``, or ``EVAL`` when the server does not know the
script yet. Where Redis refuses scripts to the user, ``WATCH``, the conditions and ``MULTI`` do
the same in four.

Besides commands of Redis there is one of this module:

``FORGET index old``
    delete an index and every session that it lists, under both forms of its key
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .commands import Command, ask, good

_logger = logging.getLogger(__name__)

# a key that other processes keep changing: each of them makes progress
WATCH_ATTEMPTS = 50


class Condition(NamedTuple):
    """What has to hold of a key; ``kind`` is one of the names below."""

    kind: str
    key: str
    value: str | bytes = ""


FREE = "free"  # it does not exist, or is of a type that no session has
SAME = "same"  # it has this value
OTHER = "other"  # it does not have this value
LISTED = "listed"  # it is a hash with this field

FORGET = "FORGET"

SCRIPT = """
local function holds(kind, key, value)
  if kind == 'listed' then return redis.call('HEXISTS', key, value) == 1 end
  local found = redis.pcall('GET', key)
  if type(found) == 'table' then found = false end
  if kind == 'free' then return not found end
  return (found == value) == (kind == 'same')
end

local function forget(index, old)
  local rests = redis.pcall('HKEYS', index)
  if rests.err then rests = {} end
  for _, rest in ipairs(rests) do
    redis.call('DEL', index .. rest)
    if old ~= '' then redis.call('DEL', old .. rest) end
  end
  redis.call('DEL', index)
  return #rests
end

local at = 2
for number = 1, tonumber(ARGV[1]) do
  if not holds(ARGV[at], ARGV[at + 1], ARGV[at + 2]) then return {number, 0} end
  at = at + 3
end
local forgotten = 0
while ARGV[at] do
  local last = at + tonumber(ARGV[at])
  if ARGV[at + 1] == 'FORGET' then
    forgotten = forgotten + forget(ARGV[at + 2], ARGV[at + 3])
  else
    redis.call(unpack(ARGV, at + 1, last))
  end
  at = last + 1
end
return {0, forgotten}
"""
DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


@dataclass
class Batch:
    """Commands for one slot of Redis Cluster, and the conditions that they need."""

    conditions: list[Condition] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def add(self, *command: str | bytes | int) -> None:
        self.commands.append(command)

    def need(self, kind: str, key: str, value: str | bytes = "") -> None:
        self.conditions.append(Condition(kind, key, value))

    @property
    def keys(self) -> list[str]:
        """The keys that are read and written, but those that an index lists."""
        keys = {condition.key for condition in self.conditions}
        for name, *words in self.commands:
            keys.update(map(str, words if name == "DEL" else words[:1]))
        return sorted(keys)

    def words(self) -> Iterator[str | bytes | int]:
        """Yield the arguments of the script."""
        keys = self.keys
        yield len(keys)
        yield from keys
        yield len(self.conditions)
        for condition in self.conditions:
            yield from (condition.kind, condition.key, condition.value)
        for command in self.commands:
            yield len(command)
            yield from command


class Outcome(NamedTuple):
    """Which condition did not hold, and how many sessions were forgotten."""

    refused: Condition | None = None
    forgotten: int = 0


def write_if(client: Any, batch: Batch, wait_ms: int = 0) -> Outcome:
    """Send a batch; nothing of it happens unless all of its conditions hold.

    ``wait_ms``: for so long a replica is waited for, in the same round trip; not on a Cluster.
    """
    import redis

    words = tuple(batch.words())
    key = str(words[1])
    # its answer does not matter: without a replica, or its permission, this is as without it
    wait: list[Command] = [("WAIT", 1, wait_ms)] if wait_ms else []
    answer = ask(client, [("EVALSHA", DIGEST, *words), *wait], key)[0]
    if isinstance(answer, redis.exceptions.NoScriptError):
        answer = ask(client, [("EVAL", SCRIPT, *words), *wait], key)[0]
    if isinstance(answer, redis.exceptions.NoPermissionError):
        _logger.debug("Redis refuses scripts: each change of a session takes four round trips")
        return _write_watched(client, batch)
    number, forgotten = good([answer])[0]
    return Outcome(batch.conditions[number - 1] if number else None, forgotten)


def _write_watched(client: Any, batch: Batch) -> Outcome:
    """As the script, with the commands of redis-py."""
    import redis

    pipe: Any
    for _attempt in range(WATCH_ATTEMPTS):
        with client.pipeline(transaction=True) as pipe:
            pipe.watch(*batch.keys)
            for condition in batch.conditions:
                if not _holds(pipe, condition):
                    return Outcome(condition)
            commands, forgotten = _without_forget(pipe, batch.commands)
            pipe.multi()
            for command in commands:
                pipe.execute_command(*command)
            try:
                pipe.execute()
            except redis.WatchError:
                continue
            return Outcome(None, forgotten)
    raise redis.exceptions.TryAgainError("other clients keep changing the session")


def _holds(client: Any, condition: Condition) -> bool:
    import redis

    kind, key, value = condition
    if kind == LISTED:
        return bool(client.hexists(key, value))
    try:
        found = client.get(key)
    except redis.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
        found = None
    if kind == FREE:
        return found is None
    wanted = value if isinstance(value, bytes) else value.encode()
    return bool(found == wanted) == (kind == SAME)


def _without_forget(client: Any, commands: list[Command]) -> tuple[list[Command], int]:
    """Return commands of Redis alone, and how many sessions they forget."""
    plain: list[Command] = []
    forgotten = 0
    for command in commands:
        if command[0] != FORGET:
            plain.append(command)
            continue
        _name, index, old = map(str, command)
        rests = [rest.decode() for rest in client.hkeys(index)]
        forgotten += len(rests)
        keys = [f"{start}{rest}" for start in (index, old) if start for rest in rests]
        plain.append(("DEL", index, *keys))
    return plain, forgotten
