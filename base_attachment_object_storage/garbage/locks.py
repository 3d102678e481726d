"""Locks between the writers of objects and the collection.

A transaction that stores an object, or finds that it exists, holds the shared lock of the
object's shard until its row is committed. The collection takes the exclusive lock of one shard
at a time, and only if it gets the lock at once: it never queues, so no writer queues behind it.

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
# in a fixed order, although shared locks wait only for the collection
_LOCK_MANY = "SELECT pg_advisory_xact_lock_shared(%s, shard) FROM unnest(%s::int[]) AS shard"
_UNUSED = """ARRAY(
    SELECT used.fname FROM unnest(%s::varchar[]) AS used (fname)
     WHERE NOT EXISTS (SELECT FROM ir_attachment a WHERE a.store_fname = used.fname))"""

# increases for the lifetime of the process: a connection never sees a number twice
_numbers = itertools.count(1)


def shard_of(key: str) -> int:
    """Return the shard of a key; any key has a shard, including keys of the old suite."""
    name = key.rpartition("/")[2]
    try:
        return int(name[:2], 16)
    except ValueError:
        return zlib.crc32(key.encode(errors="surrogateescape")) % SHARDS


class SharedLock(NamedTuple):
    """The result of a call of ``lock_shared()``.

    A rollback to a savepoint that is older than the call releases the locks, and resets ``kept``
    to the number of the last call before that savepoint. So the locks of a call are held as long
    as each later call has a ``kept`` that is at least the number of this call.

    ``collections`` is the value of ``count_collection()`` while the locks were held: if two values
    are equal, no object was deleted in between. ``unused`` are the passed names that no row has.
    """

    number: int
    kept: int
    collections: int
    unused: frozenset[str]


def lock_shared(cursor: Any, shards: Iterable[int], names: Iterable[str] = ()) -> SharedLock:
    """Keep the collection away from some shards until the end of the transaction.

    :param names: names of objects; the result lists the names that no row has
    """
    number, shards, names = next(_numbers), sorted(set(shards)), list(names)
    # Two statements: the first statement could read a sequence before its locks are granted. A
    # sequence shows its present value, not the value at the start of the transaction. A setting
    # that is local to the transaction is reset by a rollback to a savepoint, like the locks.
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
    """Return True if no savepoint has released a lock since the call with this number."""
    cursor.execute("SELECT current_setting(%s, true)", (_COUNTER,))
    return bool(cursor.fetchone()[0] == str(number))


def try_lock_name(cursor: Any, name: str) -> bool:
    """Return True if no other transaction is storing an object under this chosen name."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (_NAME_CLASS, name))
    return bool(cursor.fetchone()[0])


def make_collections_counter(cursor: Any) -> None:
    """Create the sequence of ``count_collection()``; it is dropped with its table."""
    cursor.execute(
        f"CREATE SEQUENCE IF NOT EXISTS {COLLECTIONS} OWNED BY ir_attachment_garbage.id"
    )
    count_collection(cursor)  # a new sequence and one with its first value used look the same


def count_collection(cursor: Any) -> None:
    """Announce to all transactions, without a commit, that objects will be deleted."""
    cursor.execute("SELECT nextval(%s)", (COLLECTIONS,))


def try_lock(cursor: Any, shard: int) -> bool:
    """Lock a shard exclusively until the end of the transaction; return False if it is busy."""
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK_CLASS, shard))
    return bool(cursor.fetchone()[0])
