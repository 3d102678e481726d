"""Marks on objects that a row has ceased to use, and their collection; in SQL, without ORM.

A mark is a hint and no verdict: it is written with the deletion of a row, and rows may share
an object, or come to use it again. The collection decides, for one shard at a time::

    Collection.shards()             those with marks that are old enough
    Collection.batch(cursor, ...)   a transaction: nobody writes here, no row has it: delete

Why READ COMMITTED: the question "has any row this object?" must see what was committed
before the lock was given. In Odoo's REPEATABLE READ it would see what was there before, and
delete what another transaction has just stored.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .shards import count_collection, try_lock
from .store.errors import StoreError
from .store.protocol import DELETE_LIMIT

GARBAGE_TABLE = "ir_attachment_garbage"

Failures = dict[str, StoreError]


def mark(cursor: Any, store_fname: str) -> None:
    """Append a mark; in SQL, because core also deletes rows behind the ORM's back."""
    mark_all(cursor, [store_fname])


def mark_all(cursor: Any, store_fnames: Iterable[str]) -> None:
    """Append a mark for each name."""
    cursor.execute(
        "INSERT INTO ir_attachment_garbage (store_fname, time)"
        " SELECT store_fname, now() AT TIME ZONE 'UTC' FROM unnest(%s) AS store_fname",
        (list(store_fnames),),
    )


@dataclass
class CollectionReport:
    """What a collection did, in objects; ``refused`` says why it did nothing at all.

    ``used`` are objects that a row has again, ``busy`` shards in which somebody was writing.
    """

    deleted: int = 0
    used: int = 0
    busy: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    refused: str | None = None

    def __str__(self) -> str:
        if self.refused:
            return f"nothing collected: {self.refused}"
        return (
            f"{self.deleted} deleted, {self.used} in use again, {len(self.failed)} failed, "
            f"{self.busy} shards left for later"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


class Collection:
    """The collection of an owner's objects.

    :param pattern: of the names of its objects without the shard, as SQL's LIKE takes it
    :param days: how long a mark is left alone; it counts from the object's latest mark
    :param delete: deletes objects by their names and returns what failed
    """

    def __init__(self, pattern: str, days: float, delete: Callable[[list[str]], Failures]) -> None:
        self.report = CollectionReport()
        self._pattern = pattern
        self._days = days
        self._delete = delete

    def shards(self, cursor: Any) -> list[int]:
        """Return the shards with objects that have marks."""
        cursor.execute(
            "SELECT DISTINCT substring(store_fname from '/([0-9a-f]{2})/\\1[0-9a-f]{62}$')"
            "  FROM ir_attachment_garbage"
            " WHERE store_fname LIKE %s"
            "   AND time <= now() AT TIME ZONE 'UTC' - %s * interval '1 day'",
            (self._pattern + "%", self._days),
        )
        return sorted(int(shard, 16) for (shard,) in cursor.fetchall() if shard)

    def batch(self, cursor: Any, shard: int, after: str = "") -> str | None:
        """Collect the next objects of a shard; the caller commits.

        :param cursor: at the beginning of a transaction
        :return: where the next batch begins; None: there is no more
        """
        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if not try_lock(cursor, shard):
            self.report.busy += 1
            return None
        count_collection(cursor)
        marks = self._marks(cursor, shard, after)
        if not marks:
            return None
        used = _used(cursor, list(marks))
        unused = [name for name in marks if name not in used]
        failures = self._delete(unused) if unused else {}
        done = [number for name, ids in marks.items() if name not in failures for number in ids]
        cursor.execute("DELETE FROM ir_attachment_garbage WHERE id = ANY(%s)", (done,))
        self.report.used += len(used)
        self.report.deleted += len(unused) - len(failures)
        self.report.failed.update((name, str(error)) for name, error in failures.items())
        return max(marks)

    def _marks(self, cursor: Any, shard: int, after: str) -> dict[str, list[int]]:
        cursor.execute(
            'SELECT store_fname COLLATE "C" AS name, array_agg(id) FROM ir_attachment_garbage'
            ' WHERE store_fname LIKE %s AND store_fname COLLATE "C" > %s GROUP BY name'
            " HAVING max(time) <= now() AT TIME ZONE 'UTC' - %s * interval '1 day'"
            " ORDER BY name LIMIT %s",
            (f"{self._pattern}{shard:02x}/{shard:02x}{'_' * 62}", after, self._days, DELETE_LIMIT),
        )
        return dict(cursor.fetchall())


def _used(cursor: Any, names: list[str]) -> set[str]:
    """Return the names that any row has: also one of a table that somebody has put aside."""
    cursor.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'store_fname' AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm')"
        "   AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)"
        "   AND c.oid != %s::regclass AND pg_table_is_visible(c.oid)",
        (GARBAGE_TABLE,),
    )
    tables = [table for (table,) in cursor.fetchall()]
    cursor.execute(
        " UNION ".join(
            f"SELECT store_fname FROM {table} WHERE store_fname = ANY(%(names)s)"
            for table in tables
        ),
        {"names": names},
    )
    return {name for (name,) in cursor.fetchall()}
