"""Commands to Redis that are executed only while their conditions hold: all of them, or none.

Between the reading of a session and its writing, another request may have ended it. A decision
about the state that was read must not be carried out on another state.

A script does this in one round trip: ``EVALSHA``, or ``EVAL`` if the server does not know the
script yet. If the user of Redis may not run scripts, ``WATCH``, the conditions and ``MULTI`` do
the same in four round trips.

Besides commands of Redis there is one of this module:

``FORGET index old``
    delete an index and every session that it lists, under both forms of its key
"""

import hashlib
import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .commands import Command, raise_errors, send

_logger = logging.getLogger(__name__)

# for a key that other processes change all the time: each failure is the success of one of them
WATCH_ATTEMPTS = 50


class Condition(NamedTuple):
    """A state of a key; ``kind`` is one of the names below."""

    kind: str
    key: str
    value: str | bytes = ""


FREE = "free"  # the key does not exist, or has a type that sessions do not have
SAME = "same"  # it has this value
OTHER = "other"  # it does not have this value
LISTED = "listed"  # it is a hash with this field

FORGET = "FORGET"

# KEYS: one for each condition, in their order, then the other keys of the commands
# ARGV: the number of conditions; kind and value of each; the length and the words of each command
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
  if not holds(ARGV[at], KEYS[number], ARGV[at + 1]) then return {number, 0} end
  at = at + 2
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
class SlotBatch:
    """Commands for one slot of Redis Cluster, and their conditions."""

    conditions: list[Condition] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    def add(self, *command: str | bytes | int) -> None:
        """Append a command."""
        self.commands.append(command)

    def require(self, kind: str, key: str, value: str | bytes = "") -> None:
        """Append a condition."""
        self.conditions.append(Condition(kind, key, value))

    @property
    def keys(self) -> list[str]:
        """The keys of the conditions, then the keys of the commands; a key may occur twice.

        The sessions that an index lists are not among them.
        """
        keys = [condition.key for condition in self.conditions]
        known = set(keys)
        for command in self.commands:
            for key in command[1:] if command[0] == "DEL" else command[1:2]:
                if key not in known:
                    known.add(str(key))
                    keys.append(str(key))
        return keys

    @property
    def script_arguments(self) -> list[str | bytes | int]:
        """The number of keys, the keys, and the further arguments of the script."""
        keys = self.keys
        words: list[str | bytes | int] = [len(keys), *keys, len(self.conditions)]
        for kind, _key, value in self.conditions:
            words += kind, value
        for command in self.commands:
            words.append(len(command))
            words += command
        return words


class Outcome(NamedTuple):
    """The condition that did not hold, and the number of sessions that ``FORGET`` deleted."""

    refused: Condition | None = None
    forgotten: int = 0


def write_if(client: Any, batch: SlotBatch, wait_ms: int = 0) -> Outcome:
    """Execute a batch if all of its conditions hold.

    :param wait_ms: how long to wait for a replica, in the same round trip; not on a Cluster
    """
    import redis

    words = batch.script_arguments
    key = str(words[1])
    # the response to WAIT is ignored: the write is valid without a replica, or without the right
    wait: list[Command] = [("WAIT", 1, wait_ms)] if wait_ms else []
    response = send(client, [("EVALSHA", DIGEST, *words), *wait], key)[0]
    if isinstance(response, redis.exceptions.NoScriptError):
        response = send(client, [("EVAL", SCRIPT, *words), *wait], key)[0]
    if isinstance(response, redis.exceptions.NoPermissionError):
        _logger.debug("Redis refuses scripts: each change of a session takes four round trips")
        return _write_watched(client, batch)
    number, forgotten = raise_errors([response])[0]
    return Outcome(batch.conditions[number - 1] if number else None, forgotten)


def _write_watched(client: Any, batch: SlotBatch) -> Outcome:
    """Do the same as the script, with the commands of redis-py."""
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

    kind, key, expected = condition
    if kind == LISTED:
        return bool(client.hexists(key, expected))
    try:
        value = client.get(key)
    except redis.ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
        value = None
    if kind == FREE:
        return value is None
    if isinstance(expected, str):
        expected = expected.encode()
    return bool(value == expected) == (kind == SAME)


def _without_forget(client: Any, commands: list[Command]) -> tuple[list[Command], int]:
    """Return the same commands for Redis alone, and the number of sessions that they forget."""
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
