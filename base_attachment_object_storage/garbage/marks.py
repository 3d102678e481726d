"""Marks on objects that a row no longer uses; in SQL, without the ORM.

A collection finds the marks that are due with one index look-up per shard. The number of other
marks (of other owners, of local files, within their retention) does not matter.
"""

import re
from collections.abc import Iterable
from typing import Any

from .locks import SHARDS

GARBAGE_TABLE = "ir_attachment_garbage"
LONGEST_RETENTION_DAYS = 36_500

NAME = 'store_fname COLLATE "C"'  # the order of bytes, in which an index serves prefixes
LONG_AGO = "now() AT TIME ZONE 'UTC' - %s * interval '1 day'"
# Objects that no database owns: flat keys of the old suite, keys that a caller chose. They are
# never collected, because other databases may use them.
OF_NO_OWNER = (
    "strpos(store_fname, '://') > 0 AND NOT ("
    # scheme://container/prefix/xx/xx...: see keys.is_owned()
    "length(store_fname) - length(replace(store_fname, '/', '')) = 5"
    " AND right(store_fname, 68) ~ '^/[0-9a-f]{2}/[0-9a-f]{64}$'"
    " AND left(right(store_fname, 67), 2) = left(right(store_fname, 64), 2))"
)
OF_LOCAL_FILES = "strpos(store_fname, '://') = 0"


def mark(cursor: Any, store_fname: str) -> None:
    """Append a mark; in SQL, because core also deletes rows without the ORM."""
    mark_all(cursor, [store_fname])


def mark_all(cursor: Any, store_fnames: Iterable[str]) -> None:
    """Append a mark for each name."""
    cursor.execute(
        f"INSERT INTO {GARBAGE_TABLE} (store_fname, time)"
        " SELECT store_fname, now() AT TIME ZONE 'UTC' FROM unnest(%s) AS store_fname",
        (list(store_fnames),),
    )


def count_marks_on_objects(cursor: Any) -> int:
    """Return the number of marks on objects of any store."""
    cursor.execute(f"SELECT count(*) FROM {GARBAGE_TABLE} WHERE NOT {OF_LOCAL_FILES}")
    count: int = cursor.fetchone()[0]
    return count


def forget_marks_on_objects(cursor: Any) -> None:
    """Remove the marks on objects of any store."""
    cursor.execute(f"DELETE FROM {GARBAGE_TABLE} WHERE NOT {OF_LOCAL_FILES}")


def make_indexes(cursor: Any) -> None:
    """Create the indexes of the marks unless they exist."""
    cursor.execute(
        f"CREATE INDEX IF NOT EXISTS {GARBAGE_TABLE}_name_time ON {GARBAGE_TABLE} ({NAME}, time)"
    )
    cursor.execute(f"CREATE INDEX IF NOT EXISTS {GARBAGE_TABLE}_time ON {GARBAGE_TABLE} (time)")
    cursor.execute(
        f"CREATE INDEX IF NOT EXISTS {GARBAGE_TABLE}_of_local_files"
        f" ON {GARBAGE_TABLE} ({NAME}, time) WHERE {OF_LOCAL_FILES}"
    )


class Marks:
    """The marks on an owner's objects whose retention is over.

    :param pattern: an SQL LIKE pattern for the names of the objects, without the shard
    :param days: the retention, which begins with the latest mark of an object
    """

    def __init__(self, pattern: str, days: float) -> None:
        if not 0 <= days <= LONGEST_RETENTION_DAYS:
            raise ValueError(f"a retention must be 0 to {LONGEST_RETENTION_DAYS} days, not {days}")
        self._pattern = pattern
        self._prefix = _literal(pattern)
        self._days = days

    def shards(self, cursor: Any) -> list[int]:
        """Return the shards with objects that have marks."""
        if self._prefix is None:
            return self._shards_of_any_container(cursor)
        shards: list[int] = []
        following = 0
        while following < SHARDS:
            rest = self._first_from(cursor, f"{self._prefix}{following:02x}/")
            if rest is None:
                break
            if re.match("[0-9a-f]{2}/", rest):
                shards.append(int(rest[:2], 16))
                following = shards[-1] + 1
            else:  # a key of another form
                later = (n for n in range(following, SHARDS) if f"{n:02x}/" > rest)
                following = next(later, SHARDS)
        return shards

    def _first_from(self, cursor: Any, name: str) -> str | None:
        """Return the first name from ``name`` on, without the prefix."""
        prefix = self._prefix or ""
        cursor.execute(
            f"SELECT store_fname FROM {GARBAGE_TABLE}"
            f" WHERE {NAME} >= %s AND {NAME} < %s AND time <= {LONG_AGO} ORDER BY {NAME} LIMIT 1",
            (name, _end_of(prefix), self._days),
        )
        row = cursor.fetchone()
        return row[0].removeprefix(prefix) if row else None

    def _shards_of_any_container(self, cursor: Any) -> list[int]:
        cursor.execute(
            "SELECT DISTINCT substring(store_fname from '/([0-9a-f]{2})/[0-9a-f]{64}$')"
            f" FROM {GARBAGE_TABLE} WHERE store_fname LIKE %s AND time <= {LONG_AGO}",
            (self._pattern + "%", self._days),
        )
        return sorted(int(shard, 16) for (shard,) in cursor.fetchall() if shard)

    def in_shard(self, cursor: Any, shard: int, after: str, limit: int) -> dict[str, list[int]]:
        """Return the next marked objects of a shard: name -> ids of its marks."""
        folder = f"{shard:02x}/"
        # writers lock the shard of the digest, so the folder must match the digest
        pattern = f"{self._pattern}{folder}{shard:02x}{'_' * 62}"
        limits, bounds = "", []
        if self._prefix is not None:
            limits = f" AND {NAME} < %s"
            bounds = [_end_of(self._prefix + folder)]
            after = max(after, self._prefix + folder)
        cursor.execute(
            f"SELECT {NAME} AS name, array_agg(id) FROM {GARBAGE_TABLE}"
            f" WHERE store_fname LIKE %s AND {NAME} > %s{limits}"
            f" GROUP BY {NAME} HAVING max(time) <= {LONG_AGO} ORDER BY {NAME} LIMIT %s",
            (pattern, after, *bounds, self._days, limit),
        )
        return dict(cursor.fetchall())

    def count_foreign(self, cursor: Any) -> int:
        """Return the number of marks that ``forget_foreign()`` removes."""
        cursor.execute(
            f"SELECT count(*) FROM {GARBAGE_TABLE} WHERE {OF_NO_OWNER} AND time <= {LONG_AGO}",
            (self._days,),
        )
        count: int = cursor.fetchone()[0]
        return count

    def forget_foreign(self, cursor: Any, limit: int) -> int:
        """Remove marks on objects that no database owns, at most ``limit``; return the number."""
        cursor.execute(
            f"DELETE FROM {GARBAGE_TABLE} WHERE id IN (SELECT id FROM {GARBAGE_TABLE}"
            f" WHERE {OF_NO_OWNER} AND time <= {LONG_AGO} LIMIT %s)",
            (self._days, limit),
        )
        count: int = cursor.rowcount
        return count


def _literal(pattern: str) -> str | None:
    """Return the text that a pattern without wildcards matches; None for any other pattern."""
    unescaped = re.sub(r"\\(.)", "", pattern)
    return None if "%" in unescaped or "_" in unescaped else re.sub(r"\\(.)", r"\1", pattern)


def _end_of(prefix: str) -> str:
    """Return the first text, in the order of bytes, after all texts with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
