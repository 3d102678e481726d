"""The collection of objects that are marked, see ``garbage/marks.py``; in SQL, without ORM.

A mark is a hint and no verdict: it is written with the deletion of a row, and rows may share
an object, or come to use it again. The collection decides, for one shard at a time::

    Collection.shards()             those with marks that are old enough
    Collection.batch(cursor, ...)   a transaction: nobody writes here, no row has it: delete

A batch is what one request to the store deletes, since the writers of its shard wait.

Why READ COMMITTED: the question "has any row this object?" must see what was committed
before the lock was given. In Odoo's REPEATABLE READ it would see what was there before, and
delete what another transaction has just stored.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..store.base import DELETE_LIMIT
from ..store.errors import StoreError, Unfinished
from .locks import count_collection, try_lock
from .marks import GARBAGE_TABLE, Marks

_logger = logging.getLogger(__name__)

FIRST_BATCH = 8  # its request may show that a server deletes one object at a time

Failures = dict[str, StoreError]


@dataclass
class CollectionReport:
    """What a collection did, in objects; ``refused`` says why it did nothing at all.

    ``used`` are objects that a row has again, ``busy`` shards in which somebody was writing,
    ``forgotten`` marks on objects that no database owns, ``unreadable`` tables that may name
    objects.
    """

    deleted: int = 0
    used: int = 0
    busy: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    forgotten: int = 0
    unreadable: list[str] = field(default_factory=list)
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
    :param delete: deletes objects by their names, with one request, and returns what failed
    :param limit: returns how many objects one request deletes
    """

    def __init__(
        self,
        pattern: str,
        days: float,
        delete: Callable[[list[str]], Failures],
        limit: Callable[[], int] = lambda: DELETE_LIMIT,
    ) -> None:
        self.report = CollectionReport()
        self._marks = Marks(pattern, days)
        self._delete = delete
        self._limit = limit
        self._has_deleted = False

    def shards(self, cursor: Any) -> list[int]:
        """Return the shards with objects that have marks."""
        return self._marks.shards(cursor)

    def forget_foreign(self, cursor: Any) -> bool:
        """Remove marks on objects that no database owns; return False when no more are left."""
        count = self._marks.forget_foreign(cursor, DELETE_LIMIT)
        self.report.forgotten += count
        return count == DELETE_LIMIT

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
        limit = self._limit() if self._has_deleted else min(self._limit(), FIRST_BATCH)
        marks = self._marks.of_shard(cursor, shard, after, limit)
        if not marks:
            return None
        used = self._used(cursor, list(marks))
        unused = [name for name in marks if name not in used]
        failures = self._delete(unused) if unused else {}
        self._has_deleted = self._has_deleted or bool(unused)
        done = [number for name, ids in marks.items() if name not in failures for number in ids]
        cursor.execute(f"DELETE FROM {GARBAGE_TABLE} WHERE id = ANY(%s)", (done,))
        self.report.used += len(used)
        self.report.deleted += len(unused) - len(failures)
        failed = {k: str(e) for k, e in failures.items() if not isinstance(e, Unfinished)}
        self.report.failed.update(failed)
        # the next batch goes on with what one request has not deleted
        return max(marks) if len(failed) == len(failures) else after

    def _used(self, cursor: Any, names: list[str]) -> set[str]:
        """Return the names that any row has, also one of a table that was put aside.

        A table that Odoo may not read is none of Odoo's; its names are protected as long as
        the retention lasts, and the log names it.
        """
        tables, self.report.unreadable = _tables_with_names(cursor)
        for table in self.report.unreadable:
            _warn_of_unreadable(cursor.dbname, table)
        selects = (
            # names may have "%", which psycopg2 takes for a parameter
            f"SELECT store_fname FROM {table.replace('%', '%%')}"
            " WHERE store_fname = ANY(%(names)s)"
            for table in tables
        )
        cursor.execute(" UNION ".join(selects), {"names": names})
        return {name for (name,) in cursor.fetchall()}


def _tables_with_names(cursor: Any) -> tuple[list[str], list[str]]:
    """Return the tables that may name objects: those that can be read, and the others."""
    cursor.execute(
        "SELECT c.oid::regclass::text, has_column_privilege(c.oid, a.attnum, 'SELECT')"
        "  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'store_fname' AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm')"
        "   AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND c.relispopulated"
        "   AND c.oid != %s::regclass AND pg_table_is_visible(c.oid)",
        (GARBAGE_TABLE,),
    )
    tables = cursor.fetchall()
    return (
        [table for table, readable in tables if readable],
        [table for table, readable in tables if not readable],
    )


@functools.cache
def _warn_of_unreadable(database: str, table: str) -> None:
    """Warn once a process."""
    _logger.warning(
        "%s: the table %s has a column store_fname and Odoo's role may not read it: objects that "
        "only this table names are deleted. Run GRANT SELECT (store_fname) ON %s to Odoo's role, "
        "or drop the table",
        database,
        table,
        table,
    )
