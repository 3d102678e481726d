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
from typing import Any, NamedTuple

SHARDS = 256
COLLECTIONS = "ir_attachment_garbage_collections"  # a sequence
_LOCK_CLASS = zlib.crc32(b"ir_attachment.object") & 0x7FFFFFFF
_COUNTER = "ir_attachment.locked"


def shard_of(key: str) -> int:
    """Return the shard of an object's key; any key has one, also those of the old suite."""
    name = key.rpartition("/")[2]
    try:
        return int(name[:2], 16)
    except ValueError:
        return zlib.crc32(key.encode(errors="surrogateescape")) % SHARDS


class Held(NamedTuple):
    """Locks of a transaction.

    ``number`` grows with each call of ``lock_shared()``, and falls back with a rollback to a
    savepoint, which releases the locks that were taken since. So a lock that came with number
    n is still held when a later call returns more than n, unless a call between the two has
    not.

    ``collections`` is what ``count_collection()`` has counted, when the locks were held: where
    it is the same as before, nothing was deleted in between.
    """

    number: int
    collections: int


def lock_shared(cursor: Any, shards: Iterable[int]) -> Held:
    """Keep collection away from some shards until the end of the transaction."""
    # Two statements: a sequence that is read in the first one may be read before its locks are
    # given. A sequence tells what is, not what was when the transaction began. And a setting
    # that is local to the transaction falls back as the locks do.
    cursor.execute(
        # in one order, though shared locks wait for nobody but collection
        "SELECT pg_advisory_xact_lock_shared(%s, shard) FROM unnest(%s::int[]) AS shard;"
        "SELECT set_config(%s,"
        " (COALESCE(NULLIF(current_setting(%s, true), ''), '0')::int + 1)::text, true),"
        f" last_value FROM {COLLECTIONS}",
        (_LOCK_CLASS, sorted(set(shards)), _COUNTER, _COUNTER),
    )
    number, collections = cursor.fetchone()
    return Held(int(number), collections)


def make_collections_counter(cursor: Any) -> None:
    """Have the sequence that ``count_collection()`` counts with; it goes with its table."""
    cursor.execute(
        f"CREATE SEQUENCE IF NOT EXISTS {COLLECTIONS} OWNED BY ir_attachment_garbage.id"
    )
    count_collection(cursor)  # the first value of a sequence does not show that it was taken


def count_collection(cursor: Any) -> None:
    """Tell everybody at once that objects are going to be deleted, whatever becomes of it."""
    cursor.execute("SELECT nextval(%s)", (COLLECTIONS,))


def try_lock(cursor: Any, shard: int) -> bool:
    """Take a shard for collection, until the end of the transaction, if nobody stores in it."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, shard))
    return bool(cursor.fetchone()[0])
