"""Delete marked objects that no row uses, see ``garbage/marks.py``; in SQL, without the ORM.

A mark is a hint, not a decision: it is written with the deletion of a row, but rows may share
an object, or use it again later. The collector decides, for one shard at a time::

    Collector.shards()                  the shards with marks that are old enough
    Collector.collect_batch(cursor, …)  one transaction: lock the shard, delete unused objects

The objects of a batch are deleted by one request to the store, because the writers of the shard
wait for it.

The transaction is READ COMMITTED: the search for rows that use an object must see all rows that
were committed before the lock was granted. In Odoo's REPEATABLE READ it would see an older
state, and delete an object that another transaction has just stored.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..store.backend import DELETE_LIMIT
from ..store.errors import StoreError, Unfinished
from .locks import count_collection, try_lock
from .marks import GARBAGE_TABLE, Marks

_logger = logging.getLogger(__name__)

FIRST_BATCH = 8  # small: its request may show that a server deletes one object at a time

Failures = dict[str, StoreError]


@dataclass
class CollectionReport:
    """The result of a collection, in objects; ``refused`` is the reason if it did nothing.

    ``used``: objects that a row uses again. ``busy``: shards with writers. ``forgotten``: removed
    marks on objects that no database owns. ``unreadable``: tables that may name objects, but
    that Odoo's role may not read. ``unavailable``: a service did not answer.
    """

    deleted: int = 0
    used: int = 0
    busy: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    forgotten: int = 0
    unreadable: list[str] = field(default_factory=list)
    refused: str | None = None
    unavailable: bool = False

    @property
    def done(self) -> int:
        """Objects that the collection has handled."""
        return self.deleted + self.used + len(self.failed)

    @property
    def total(self) -> None:
        """Unknown: nothing counts the marks in advance."""

    def __str__(self) -> str:
        if self.refused:
            return f"nothing collected: {self.refused}"
        return (
            f"{self.deleted} deleted, {self.used} in use again, {len(self.failed)} failed, "
            f"{self.busy} busy shards postponed"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


class Collector:
    """Collects the objects of an owner.

    :param pattern: an SQL LIKE pattern for the names of the objects, without the shard
    :param days: the retention, which begins with the latest mark of an object
    :param delete: deletes objects by their names, with one request; returns the failures
    :param limit: returns the number of objects that one request deletes
    :param dry_run: delete no object and count no collection; the caller rolls back
    """

    def __init__(
        self,
        pattern: str,
        days: float,
        delete: Callable[[list[str]], Failures],
        limit: Callable[[], int] = lambda: DELETE_LIMIT,
        dry_run: bool = False,
    ) -> None:
        self.report = CollectionReport()
        self._marks = Marks(pattern, days)
        self._delete = delete
        self._limit = limit
        self._dry_run = dry_run
        self._has_deleted = False

    def shards(self, cursor: Any) -> list[int]:
        """Return the shards with objects that have marks."""
        return self._marks.shards(cursor)

    def forget_foreign(self, cursor: Any) -> bool:
        """Remove marks on objects that no database owns; return True if there may be more."""
        if self._dry_run:
            self.report.forgotten = self._marks.count_foreign(cursor)
            return False
        count = self._marks.forget_foreign(cursor, DELETE_LIMIT)
        self.report.forgotten += count
        return count == DELETE_LIMIT

    def collect_batch(self, cursor: Any, shard: int, after: str = "") -> str | None:
        """Collect the next objects of a shard; the caller commits.

        :param cursor: at the beginning of a transaction
        :return: the start of the next batch; None if there is no further batch
        """
        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if not try_lock(cursor, shard):
            self.report.busy += 1
            return None
        if not self._dry_run:
            count_collection(cursor)
        limit = self._limit() if self._has_deleted else min(self._limit(), FIRST_BATCH)
        marks = self._marks.in_shard(cursor, shard, after, limit)
        if not marks:
            return None
        used = self._used(cursor, list(marks))
        unused = [name for name in marks if name not in used]
        failures = self._delete(unused) if unused and not self._dry_run else {}
        self._has_deleted = self._has_deleted or bool(unused)
        done = [number for name, ids in marks.items() if name not in failures for number in ids]
        cursor.execute(f"DELETE FROM {GARBAGE_TABLE} WHERE id = ANY(%s)", (done,))
        self.report.used += len(used)
        self.report.deleted += len(unused) - len(failures)
        failed = {k: str(e) for k, e in failures.items() if not isinstance(e, Unfinished)}
        self.report.failed.update(failed)
        # the next batch continues with the objects that one request has not deleted
        return max(marks) if len(failed) == len(failures) else after

    def _used(self, cursor: Any, names: list[str]) -> set[str]:
        """Return the names that any row uses, including rows of renamed and copied tables.

        A table that Odoo's role may not read was not created by Odoo. Its names are protected only
        during the retention, and the log reports the table.
        """
        tables, self.report.unreadable = _tables_with_names(cursor)
        for table in self.report.unreadable:
            _warn_of_unreadable(cursor.dbname, table)
        selects = (
            # names may contain "%", which psycopg2 would treat as a parameter
            f"SELECT store_fname FROM {table.replace('%', '%%')}"
            " WHERE store_fname = ANY(%(names)s)"
            for table in tables
        )
        cursor.execute(" UNION ".join(selects), {"names": names})
        return {name for (name,) in cursor.fetchall()}


def _tables_with_names(cursor: Any) -> tuple[list[str], list[str]]:
    """Return the tables that may name objects: the readable ones and the unreadable ones."""
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
    """Warn once per process."""
    _logger.warning(
        "%s: the table %s has a column store_fname that Odoo's role may not read. Objects that "
        "only this table names are deleted. Run GRANT SELECT (store_fname) ON %s TO Odoo's role, "
        "or drop the table",
        database,
        table,
        table,
    )
