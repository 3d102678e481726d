"""Locks between those who store an object and those who collect it.

A transaction that stores an object, or finds that it is there already, holds the shared lock
of the object's shard until its row is committed. Collection takes the exclusive lock of one
shard at a time, and only where it gets it at once: it never queues, so it never makes a
writer queue behind it.

The shard is the first byte of the key's digest: 256 locks at most, however many files one
transaction has.
"""

import zlib
from collections.abc import Iterable
from typing import Any

SHARDS = 256
_LOCK_CLASS = zlib.crc32(b"ir_attachment.object") & 0x7FFFFFFF
_COUNTER = "ir_attachment.locked"


def shard_of(key: str) -> int:
    """Return the shard of an object's key; any key has one, also those of the old suite."""
    name = key.rpartition("/")[2]
    try:
        return int(name[:2], 16)
    except ValueError:
        return zlib.crc32(key.encode(errors="surrogateescape")) % SHARDS


def lock_shared(cursor: Any, shards: Iterable[int]) -> int:
    """Keep collection away from some shards until the end of the transaction.

    A rollback to a savepoint releases the locks that were taken since. The number that is
    returned tells: it grows with each call, and falls back with such a rollback. So a lock
    that came with number n is still held when a later call returns more than n, unless a
    call between the two has not.
    """
    # in one order, though shared locks wait for nobody but collection; a setting that is
    # local to the transaction falls back as the locks do
    cursor.execute(
        "SELECT pg_advisory_xact_lock_shared(%s, shard), set_config(%s,"
        " (COALESCE(NULLIF(current_setting(%s, true), ''), '0')::int + 1)::text, true)"
        " FROM unnest(%s::int[]) AS shard",
        (_LOCK_CLASS, _COUNTER, _COUNTER, sorted(set(shards))),
    )
    return max((int(number) for _lock, number in cursor.fetchall()), default=0)


def try_lock(cursor: Any, shard: int) -> bool:
    """Take a shard for collection, until the end of the transaction, if nobody stores in it."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, shard))
    return bool(cursor.fetchone()[0])
