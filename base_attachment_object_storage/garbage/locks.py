"""Locks between those who store an object and those who collect it.

A transaction that stores an object, or finds that it is there already, holds the shared lock
of the object's shard until its row is committed. Collection takes the exclusive lock of one
shard at a time, and only where it gets it at once: it never queues, so it never makes a
writer queue behind it.

The shard is the first byte of the key's digest: 256 locks at most, however many files one
transaction has.
"""

import itertools
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

SHARDS = 256
COLLECTIONS = "ir_attachment_garbage_collections"  # a sequence
_LOCK_CLASS = zlib.crc32(b"ir_attachment.object") & 0x7FFFFFFF
_NAME_CLASS = zlib.crc32(b"ir_attachment.chosen_name") & 0x7FFFFFFF
_COUNTER = "ir_attachment.locked"

_LOCK_ONE = "SELECT pg_advisory_xact_lock_shared(%s, %s)"
# in one order, though shared locks wait for nothing but collection
_LOCK_MANY = "SELECT pg_advisory_xact_lock_shared(%s, shard) FROM unnest(%s::int[]) AS shard"
_UNUSED = """ARRAY(
    SELECT used.fname FROM unnest(%s::varchar[]) AS used (fname)
     WHERE NOT EXISTS (SELECT FROM ir_attachment a WHERE a.store_fname = used.fname))"""

# grows for as long as the process lives: a number is never used twice on a connection
_numbers = itertools.count(1)


def shard_of(key: str) -> int:
    """Return the shard of an object's key; any key has one, also those of the old suite."""
    name = key.rpartition("/")[2]
    try:
        return int(name[:2], 16)
    except ValueError:
        return zlib.crc32(key.encode(errors="surrogateescape")) % SHARDS


class SharedLock(NamedTuple):
    """What one call of ``lock_shared()`` found out.

    The locks that come with a number are released by a rollback to a savepoint that is older
    than the call, and ``kept`` falls back to the number of the last call before that
    savepoint. So a lock is held for as long as each later call has a ``kept`` that is at least
    its number.

    ``collections`` is the count of ``count_collection()`` when the locks were held: where two
    are equal, nothing was deleted in between. ``unused`` are the names that no row has, of
    those that were passed.
    """

    number: int
    kept: int
    collections: int
    unused: frozenset[str]


def lock_shared(cursor: Any, shards: Iterable[int], names: Iterable[str] = ()) -> SharedLock:
    """Keep collection away from some shards until the end of the transaction.

    :param names: names of objects; the answer contains those that no row has
    """
    number, shards, names = next(_numbers), sorted(set(shards)), list(names)
    # Two statements: a sequence that is read in the first one may be read before its locks are
    # given. A sequence shows the present value, not the one when the transaction began. And a
    # setting that is local to the transaction falls back as the locks do.
    cursor.execute(
        f"{_LOCK_ONE if len(shards) == 1 else _LOCK_MANY};"
        "SELECT COALESCE(NULLIF(current_setting(%s, true), ''), '0')::bigint,"
        f" set_config(%s, %s, true), last_value, {_UNUSED if names else 'NULL'}"
        f" FROM {COLLECTIONS}",
        (
            *(_LOCK_CLASS, shards[0] if len(shards) == 1 else shards),
            *(_COUNTER, _COUNTER, str(number)),
            *([names] if names else ()),
        ),
    )
    kept, _set, collections, unused = cursor.fetchone()
    return SharedLock(number, kept, collections, frozenset(unused or ()))


def is_last_lock(cursor: Any, number: int) -> bool:
    """Return True if no savepoint has released a lock since the call that gave a number."""
    cursor.execute("SELECT current_setting(%s, true)", (_COUNTER,))
    return bool(cursor.fetchone()[0] == str(number))


def try_lock_name(cursor: Any, name: str) -> bool:
    """Return True if no other transaction is storing an object under this chosen name."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (_NAME_CLASS, name))
    return bool(cursor.fetchone()[0])


def make_collections_counter(cursor: Any) -> None:
    """Create the sequence that ``count_collection()`` uses; it goes with its table."""
    cursor.execute(
        f"CREATE SEQUENCE IF NOT EXISTS {COLLECTIONS} OWNED BY ir_attachment_garbage.id"
    )
    count_collection(cursor)  # the first value of a sequence does not show that it was taken


def count_collection(cursor: Any) -> None:
    """Announce to all transactions at once that objects are going to be deleted."""
    cursor.execute("SELECT nextval(%s)", (COLLECTIONS,))


def try_lock(cursor: Any, shard: int) -> bool:
    """Take a shard for collection until the end of the transaction, if no writer holds it."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, shard))
    return bool(cursor.fetchone()[0])
