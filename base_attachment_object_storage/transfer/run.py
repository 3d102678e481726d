"""One run of a move: rows become sources, sources are carried, what arrived is committed.

::

    run ── each ── _coming     windows of rows, as threads become free
                     ├───── carry       in threads
                     └───── _settle ── _flush    one statement, one commit

The caller's thread alone touches the cursor. It never waits for a whole window to arrive,
so that the threads are busy all the time; only a move to the database does, whose content
is in memory.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..store import StoreError, Unavailable, priority
from ..store.threads import each
from .copy import Carried, Limits, MoveReport, Row, Source, carry, explain

_logger = logging.getLogger(__name__)

COMMIT_ROWS = 100  # what a killed process has sent in vain at most, beside what its threads send
COMMIT_BYTES = 64 * 1024 * 1024
COMMIT_SECONDS = 2
MOST_REFUSALS = 20  # one after the other: the target accepts nothing at all


class Move:
    """A move to the present location of ``attachments``."""

    def __init__(
        self,
        attachments: Any,
        report: MoveReport,
        limits: Limits,
        progress: Callable[[MoveReport], Any] | None,
    ) -> None:
        self._attachments = attachments
        self._report = report
        self._limits = limits
        self._progress = progress
        self._location = attachments._storage()
        self._remote = self._location in attachments._get_stores()
        self._placement = attachments._placement() if self._remote else None
        self._taken = self._taken_bytes = 0
        self._ended = False
        # ids that later windows must not take again
        self._handled: set[int] = set()
        self._arrived: list[Carried] = []
        self._arrived_rows = self._arrived_bytes = 0
        self._flushed = time.monotonic()
        # of the target, since it has last accepted something
        self._refusals = 0
        self._refusal: Exception | None = None
        self._has_accepted = False

    def run(self, objects: bool, verify: bool) -> None:
        attachments = self._attachments
        put, read_again, threaded = attachments._make_target()

        def work(source: Source) -> Carried:
            kept = [self._stays(row) for row in source.rows]
            again = read_again if verify else None
            try:
                return carry(source, None if all(kept) else put, any(kept), again)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001  # the target refuses this content
                return Carried(source, problem=explain(error), refusal=error)

        threads = attachments._attachment_storage_settings().move_threads
        attachments._keep_collection_away(attachments.env.cr)
        with priority.background(), attachments._store_access(self._location):
            try:
                for sources in self._streams(objects):
                    carried = each(work, sources, threads) if threaded else map(work, sources)
                    for one in carried:
                        self._settle(one)
                if isinstance(self._refusal, StoreError) and not self._has_accepted:
                    raise self._refusal
            finally:
                self._flush()
        self._report.complete = not self._ended

    def _streams(self, objects: bool) -> Iterator[Iterator[Source]]:
        windows = self._windows(objects)
        if self._location != "db":
            yield (source for window in windows for source in self._begin(window))
            return
        for window in windows:
            yield self._begin(window)
            self._flush()

    def _windows(self, objects: bool) -> Iterator[list[Row]]:
        last_id = 0
        while not self._ended and (rows := self._attachments._rows_to_move(last_id, objects)):
            last_id = rows[-1].id
            yield rows
            self._handled = {number for number in self._handled if number > last_id}

    def _begin(self, rows: list[Row]) -> Iterator[Source]:
        """Yield the sources of a window, until the move shall end."""
        left = [row for row in rows if row.id not in self._handled]
        for source in self._attachments._sources(left, self._handled) if left else ():
            if not self._limits.take(self._taken, self._taken_bytes):
                self._ended = True
            if self._ended:
                return
            self._taken += len(source.rows)
            self._taken_bytes += source.rows[0].size
            self._handled.update(row.id for row in source.rows)
            yield source if source.in_thread else source.read_now()

    def _settle(self, carried: Carried) -> None:
        rows = carried.source.rows
        if carried.problem:
            self._fail(rows, carried.problem)
            self._count_refusal(carried.refusal)
            return
        if carried.store_fname or self._location == "db":
            # not content that the rule keeps in the database, though a store is the target
            self._refusals, self._has_accepted = 0, True
        self._arrived.append(carried)
        self._arrived_rows += len(rows)
        self._arrived_bytes += len(carried.content or b"")
        if (
            self._arrived_rows >= COMMIT_ROWS
            or self._arrived_bytes >= COMMIT_BYTES
            or time.monotonic() - self._flushed >= COMMIT_SECONDS
        ):
            self._flush()

    def _fail(self, rows: Iterable[Row], problem: str) -> None:
        self._report.failed += [(row.id, problem) for row in rows]

    def _count_refusal(self, refusal: Exception | None) -> None:
        """Raise a refusal of the target when it is one of many, and nothing was accepted since."""
        if refusal is None:
            return
        self._refusals, self._refusal = self._refusals + 1, refusal
        if self._refusals >= MOST_REFUSALS:
            raise refusal

    def _flush(self) -> None:
        """Point the rows of what has arrived to it, commit, and tell."""
        arrived, self._arrived = self._arrived, []
        self._arrived_rows = self._arrived_bytes = 0
        self._flushed = time.monotonic()
        if not arrived:
            return
        places = []
        swapped: set[int] = set()
        failed: set[int] = set()
        for one in arrived:
            for row in one.source.rows:
                if not self._stays(row):
                    places.append((row, one.store_fname))
                elif problem := self._keep(row, one.content, swapped):
                    self._fail([row], problem)
                    failed.add(row.id)
        if places:
            swapped |= self._attachments._swap(places)
        for one in arrived:
            done = sum(row.id in swapped for row in one.source.rows)
            self._report.moved += done
            self._report.skipped += sum(
                row.id not in swapped and row.id not in failed for row in one.source.rows
            )
            self._report.bytes += done * one.size
        self._attachments.invalidate_model()
        self._attachments._commit_move()
        self._tell()

    def _keep(self, row: Row, content: bytes | None, swapped: set[int]) -> str | None:
        """Put content into a row; return the reason why PostgreSQL does not accept it."""
        cursor = self._attachments.env.cr
        try:
            with cursor.savepoint(flush=False):
                if self._attachments._swap_content(row, None, content):
                    swapped.add(row.id)
        except Exception as error:  # of any kind; without a connection nothing goes on
            if cursor.closed:
                raise
            return explain(error)
        return None

    def _tell(self) -> None:
        report = self._report
        report.tick()
        _logger.info("Moving attachments to %s: %s", self._location, report)
        stop = self._progress and self._progress(report)
        seconds = self._limits.seconds
        if stop or (seconds is not None and report.seconds >= seconds):
            self._ended = True

    def _stays(self, row: Row) -> bool:
        if self._placement is not None:
            return bool(self._placement.stays_in_database(row.mimetype, row.size))
        return bool(self._location == "db")
