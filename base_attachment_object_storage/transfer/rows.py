"""The rows of attachments that a move reads and changes; in SQL, without the ORM.

The rows are the state of a move, so a move that was interrupted is simply started again:
committed rows are at their destination.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from odoo.tools import config

from ..garbage.marks import mark_all

BATCH = 200
BATCH_BYTES = 64 * 1024 * 1024

SIZE = "COALESCE(NULLIF(file_size, 0), octet_length(db_datas), 0)"
COLUMNS = f"id, store_fname, checksum, COALESCE(mimetype, ''), {SIZE}"


@dataclass(frozen=True)
class Row:
    """An attachment as the move has read it; ``size`` is in bytes."""

    id: int
    store_fname: str | None
    checksum: str | None
    mimetype: str
    size: int


@dataclass(frozen=True)
class Group:
    """Rows with the same content; ``content`` are the bytes that are in the database.

    ``content`` is an error if PostgreSQL cannot return the bytes.
    """

    rows: tuple[Row, ...]
    content: bytes | Exception = b""


@dataclass(frozen=True)
class Condition:
    """An SQL condition and its values."""

    sql: str
    values: Sequence[Any]


def commit(cursor: Any) -> None:
    """Commit, except in a process that runs tests: no batch depends on the commit."""
    if not config["test_enable"]:
        cursor.commit()


def see_commits_of_others(cursor: Any) -> None:
    """Let a transaction that begins see later commits: a row that changed is skipped, no error."""
    if not config["test_enable"]:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


class Rows:
    """The rows whose content is not at its destination.

    :param elsewhere: the condition on these rows
    :param protect: keeps collections away from the destination, for one transaction
    :param open_cursor: opens another cursor on the same database
    """

    def __init__(
        self,
        cursor: Any,
        elsewhere: Condition,
        protect: Callable[[Any], None],
        open_cursor: Callable[[], Any],
    ) -> None:
        self.cursor = cursor
        self._elsewhere = elsewhere
        self._protect = protect
        self._open_cursor = open_cursor

    def next_batch(self, after: int) -> list[Row]:
        """Return the next rows after an id: a batch at most, and few if they are large."""
        self.cursor.execute(
            f"SELECT {COLUMNS} FROM ir_attachment WHERE id > %s AND {self._elsewhere.sql}"
            " ORDER BY id LIMIT %s",
            [after, *self._elsewhere.values, BATCH],
        )
        rows = [Row(*values) for values in self.cursor.fetchall()]
        # content that waits to be written is in memory
        total = 0
        for number, row in enumerate(rows):
            total += row.size
            if total > BATCH_BYTES:
                return rows[: number + 1]
        return rows

    def group_by_content(self, rows: Sequence[Row], handled: Collection[int]) -> list[Group]:
        """Return each content once, with all rows that have it, including later rows.

        :param handled: ids of rows to leave out
        """
        names = sorted({row.store_fname for row in rows if row.store_fname})
        self.cursor.execute(
            f"SELECT {COLUMNS} FROM ir_attachment"
            " WHERE store_fname = ANY(%s) AND type = 'binary' AND id > %s ORDER BY id",
            [names, rows[-1].id],
        )
        later = (Row(*values) for values in self.cursor.fetchall())
        contents = self._contents([row.id for row in rows if not row.store_fname])
        groups: dict[Any, list[Row]] = {}
        for row in (*rows, *later):
            if row.id not in handled:
                place = row.store_fname or contents.get(row.id)
                groups.setdefault((place, row.checksum), []).append(row)
        return [Group(tuple(same), contents.get(same[0].id, b"")) for same in groups.values()]

    def _contents(self, ids: list[int]) -> dict[int, bytes | Exception]:
        """Return the contents of rows, or the errors of rows that cannot be read."""
        try:
            with self.cursor.savepoint(flush=False):
                return {**self._read_contents(ids)}
        except Exception as error:  # too large, or damaged; without a connection nothing works
            if self.cursor.closed:
                raise
            if len(ids) == 1:
                return {ids[0]: error}
        contents: dict[int, bytes | Exception] = {}
        for number in ids:
            contents.update(self._contents([number]))
        return contents

    def _read_contents(self, ids: list[int]) -> dict[int, bytes]:
        self.cursor.execute("SELECT id, db_datas FROM ir_attachment WHERE id = ANY(%s)", [ids])
        return {number: bytes(content or b"") for number, content in self.cursor.fetchall()}

    def swap(
        self, places: Iterable[tuple[Row, str | None]], db_datas: bytes | None = None
    ) -> set[int]:
        """Point rows to their new places, except rows that have changed or are being changed.

        Plain SQL: ``write()`` would encode images again, be refused by addons that protect audit
        trails, and change ``write_date``. The previous objects and files are marked.

        :param places: (row, its new ``store_fname``)
        :return: the ids of the rows that were changed
        """
        columns = [(row.id, row.store_fname, row.checksum, name) for row, name in places]
        self.cursor.execute(
            """
            WITH place AS (
                SELECT * FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::varchar[])
                    AS place (id, old, checksum, new)
            ), free AS (
                SELECT a.id, place.old, place.new FROM ir_attachment a JOIN place
                    ON a.id = place.id AND a.store_fname IS NOT DISTINCT FROM place.old
                   AND a.checksum IS NOT DISTINCT FROM place.checksum
                   FOR UPDATE OF a SKIP LOCKED
            )
            UPDATE ir_attachment a SET store_fname = free.new, db_datas = %s
              FROM free WHERE a.id = free.id RETURNING a.id, free.old
            """,
            [*map(list, zip(*columns, strict=True)), db_datas],
        )
        swapped = self.cursor.fetchall()
        # local files too: core would remove them with its next collection
        if left_behind := {old for _id, old in swapped if old}:
            mark_all(self.cursor, left_behind)
        return {number for number, _old in swapped}

    def commit(self) -> None:
        """Commit, and keep collections away without a gap: copies arrive all the time."""
        if config["test_enable"]:
            return
        with closing(self._open_cursor()) as bridge:
            self._protect(bridge)
            commit(self.cursor)
            see_commits_of_others(self.cursor)
            self._protect(self.cursor)
            bridge.rollback()
