"""Compare a listing of objects with the rows of a table, both in the order of their names.

Both are merged as streams, so the use of memory does not depend on their number.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..store import ObjectInfo

EXAMPLES = 100  # the most names of each kind in a report


@dataclass
class ReconcileReport:
    """The result of a comparison, in objects.

    ``missing`` have a row but no object, ``orphans`` have an object but no row. ``young`` are
    objects without a row whose transaction may still be running. ``unfinished`` are uploads that
    never ended and were removed. ``unavailable``: a service did not answer. The first names of
    missing objects and of orphans are listed.
    """

    objects: int = 0
    used: int = 0
    missing: int = 0
    missing_names: list[str] = field(default_factory=list)
    orphans: int = 0
    orphan_bytes: int = 0
    orphan_names: list[str] = field(default_factory=list)
    young: int = 0
    marked: int = 0
    unfinished: int = 0
    refused: str | None = None
    unavailable: bool = False

    @property
    def done(self) -> int:
        """Objects that the comparison has handled."""
        return self.objects

    @property
    def total(self) -> None:
        """Unknown: a store does not count its objects."""

    def __str__(self) -> str:
        if self.refused:
            return f"nothing compared: {self.refused}"
        return (
            f"{self.objects} objects, {self.used} in use, {self.missing} missing, "
            f"{self.orphans} without a row ({self.orphan_bytes} bytes), {self.marked} newly "
            f"marked, {self.young} too young to decide, {self.unfinished} unfinished uploads"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)

    def add_missing(self, name: str) -> None:
        """Count a missing object."""
        self.missing += 1
        if len(self.missing_names) < EXAMPLES:
            self.missing_names.append(name)

    def add_orphan(self, name: str, size: int) -> None:
        """Count an object without a row."""
        self.orphans += 1
        self.orphan_bytes += size
        if len(self.orphan_names) < EXAMPLES:
            self.orphan_names.append(name)


class Progress:
    """The position of a comparison, and the end of its time slice.

    :param seconds: the length of the slice; None if the comparison is not limited
    """

    def __init__(self, position: str, seconds: float | None) -> None:
        self.position = position
        self.is_over = False
        self._until = None if seconds is None else time.monotonic() + seconds

    def advance(self, key: str) -> bool:
        """Record that all keys up to this one are compared; return False if the time is over."""
        self.position = key
        self.is_over = self._until is not None and time.monotonic() >= self._until
        return not self.is_over


def compare(
    objects: Iterable[ObjectInfo],
    keys: Iterable[str],
    before: datetime,
    report: ReconcileReport,
    is_missing: Callable[[str], bool],
    advance: Callable[[str], bool] = lambda key: True,
) -> Iterator[ObjectInfo]:
    """Yield the objects without a row that were stored ``before``; add to the report.

    :param objects: in the order of their keys
    :param keys: the keys of all rows, each once, in the same order
    :param is_missing: called with a key that is not listed, because the listing may be older
    :param advance: called after each key; returns False to stop
    """
    for key, info, has_row in _merged(objects, keys):
        if info is None:
            if is_missing(key):
                report.add_missing(key)
        elif has_row:
            report.used += 1
        elif info.modified is None or info.modified >= before:
            report.young += 1
        else:
            report.add_orphan(key, info.size)
            yield info
        report.objects += info is not None
        if not advance(key):
            return


def _merged(
    objects: Iterable[ObjectInfo], keys: Iterable[str]
) -> Iterator[tuple[str, ObjectInfo | None, bool]]:
    """Yield each key, its object or None, and True if a row has the key."""
    rows = iter(keys)
    key = next(rows, None)
    for info in objects:
        while key is not None and key < info.key:
            yield key, None, True
            key = next(rows, None)
        yield info.key, info, key == info.key
        if key == info.key:
            key = next(rows, None)
    while key is not None:
        yield key, None, True
        key = next(rows, None)
