"""One run of a move: rows become sources, sources are copied, copies are committed.

::

    MoveRun.run ── each ── _sources            batches of rows, as threads become free
                     ├──── copy_content        in threads
                     └──── _settle ── _flush   one statement, one commit

Only the caller's thread uses the cursor. It does not wait for a whole batch to arrive, so the
threads are always busy. An exception is a move to the database, whose content is in memory.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..store import StoreError, Unavailable
from ..store.threads import each
from .copy import Copied, Source, copy_content, explain
from .destinations import DatabaseDestination, Destination
from .readers import Readers
from .report import Limits, MoveReport
from .rows import Row, Rows

_logger = logging.getLogger(__name__)

COMMIT_ROWS = 100  # a killed process loses the uploads of at most these rows, and of its threads
COMMIT_BYTES = 64 * 1024 * 1024
COMMIT_SECONDS = 2
MOST_REFUSALS = 20  # in sequence: the destination accepts nothing at all


@dataclass
class _Batch:
    """Copies that are not committed yet."""

    copies: list[Copied] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    began: float = field(default_factory=time.monotonic)

    def add(self, copied: Copied) -> None:
        self.copies.append(copied)
        self.rows += len(copied.source.rows)
        self.size += len(copied.content or b"")

    @property
    def is_due(self) -> bool:
        return (
            self.rows >= COMMIT_ROWS
            or self.size >= COMMIT_BYTES
            or time.monotonic() - self.began >= COMMIT_SECONDS
        )


@dataclass
class _Refusals:
    """Refusals of the destination in sequence, and whether it has accepted anything."""

    count: int = 0
    last: Exception | None = None
    has_accepted: bool = False

    def accept(self) -> None:
        self.count, self.has_accepted = 0, True

    def add(self, error: Exception | None) -> None:
        """Raise a refusal if it is one of many."""
        if error is None:
            return
        self.count, self.last = self.count + 1, error
        if self.count >= MOST_REFUSALS:
            raise error

    def require_some_success(self) -> None:
        """Raise the last refusal if the destination has accepted nothing."""
        if isinstance(self.last, StoreError) and not self.has_accepted:
            raise self.last


class MoveRun:
    """A move of rows to a destination.

    :param invalidate: empties the ORM's cache after rows were changed
    :param progress: called with the report after each commit; returns True to stop
    :param verify: read each stored object again
    """

    def __init__(
        self,
        rows: Rows,
        readers: Readers,
        destination: Destination,
        report: MoveReport,
        limits: Limits,
        invalidate: Callable[[], Any],
        progress: Callable[[MoveReport], Any] | None = None,
        verify: bool = False,
    ) -> None:
        self._rows = rows
        self._readers = readers
        self._destination = destination
        self._report = report
        self._limits = limits
        self._invalidate = invalidate
        self._progress = progress
        self._verify = verify
        self._is_for_database = isinstance(destination, DatabaseDestination)
        self._started_rows = self._started_bytes = 0
        self._stopped = False
        # ids of rows that later batches must not start again
        self._handled: set[int] = set()
        self._batch = _Batch()
        self._refusals = _Refusals()

    def run(self, threads: int) -> None:
        """Move all rows, or as many as the limits allow.

        :raises StoreError: if the destination is unavailable, or refuses everything
        """
        self._destination.protect(self._rows.cursor)
        try:
            for sources in self._streams():
                copies = (
                    each(self._copy, sources, threads)
                    if self._destination.in_thread
                    else map(self._copy, sources)
                )
                for copied in copies:
                    self._settle(copied)
            self._refusals.require_some_success()
        finally:
            self._flush()
        self._report.complete = not self._stopped

    def _copy(self, source: Source) -> Copied:
        try:
            return copy_content(source, self._destination, self._verify)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # the destination refuses this content
            return Copied(source, problem=explain(error), refusal=error)

    def _streams(self) -> Iterator[Iterator[Source]]:
        batches = self._batches()
        if not self._is_for_database:
            yield (source for batch in batches for source in self._sources(batch))
            return
        for batch in batches:
            yield self._sources(batch)
            self._flush()

    def _batches(self) -> Iterator[list[Row]]:
        last_id = 0
        while not self._stopped and (rows := self._rows.next_batch(last_id)):
            last_id = rows[-1].id
            yield rows
            self._handled = {number for number in self._handled if number > last_id}

    def _sources(self, rows: list[Row]) -> Iterator[Source]:
        """Yield the sources of a batch until the move must stop."""
        left = [row for row in rows if row.id not in self._handled]
        for group in self._rows.group_by_content(left, self._handled) if left else ():
            if not self._limits.allows(self._started_rows, self._started_bytes):
                self._stopped = True
            if self._stopped:
                return
            self._started_rows += len(group.rows)
            self._started_bytes += group.rows[0].size
            self._handled.update(row.id for row in group.rows)
            source = self._readers.source(group)
            yield source if source.in_thread else source.read_now()

    def _settle(self, copied: Copied) -> None:
        if copied.problem:
            self._fail(copied.source.rows, copied.problem)
            self._refusals.add(copied.refusal)
            return
        # content that the placement rule keeps in the database does not show that a store accepts
        if copied.store_fname or self._is_for_database:
            self._refusals.accept()
        self._batch.add(copied)
        if self._batch.is_due:
            self._flush()

    def _fail(self, rows: Iterable[Row], problem: str) -> None:
        self._report.failed += [(row.id, problem) for row in rows]

    def _flush(self) -> None:
        """Point the rows of the batch to their new places, commit, and report."""
        copies, self._batch = self._batch.copies, _Batch()
        if not copies:
            return
        failed: set[int] = set()
        swapped: set[int] = set()
        places = []
        for copied in copies:
            for row in copied.source.rows:
                if not self._destination.keeps_in_database(row):
                    places.append((row, copied.store_fname))
                elif problem := self._keep(row, copied.content, swapped):
                    self._fail([row], problem)
                    failed.add(row.id)
        if places:
            swapped |= self._rows.swap(places)
        self._count(copies, swapped, failed)
        self._invalidate()
        self._rows.commit()
        self._report_progress()

    def _count(self, copies: list[Copied], swapped: set[int], failed: set[int]) -> None:
        for copied in copies:
            ids = {row.id for row in copied.source.rows}
            moved = len(ids & swapped)
            self._report.moved += moved
            self._report.bytes += moved * copied.size
            self._report.skipped += len(ids - swapped - failed)

    def _keep(self, row: Row, content: bytes | None, swapped: set[int]) -> str | None:
        """Put content into a row; return the reason if PostgreSQL does not accept it."""
        cursor = self._rows.cursor
        try:
            with cursor.savepoint(flush=False):
                swapped |= self._rows.swap([(row, None)], content)
        except Exception as error:  # of any kind; without a connection nothing works
            if cursor.closed:
                raise
            return explain(error)
        return None

    def _report_progress(self) -> None:
        report = self._report
        report.tick()
        _logger.info("Moving attachments to %s: %s", self._destination.location, report)
        stop = self._progress and self._progress(report)
        seconds = self._limits.seconds
        if stop or (seconds is not None and report.seconds >= seconds):
            self._stopped = True
