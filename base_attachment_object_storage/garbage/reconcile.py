"""Comparing a listing of objects with the rows of a table, both in the order of their names.

Neither is held in memory: they are merged as they come, so millions cost no more than a few.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..store import ObjectInfo

EXAMPLES = 100  # names that a report holds at most, of each kind


@dataclass
class ReconcileReport:
    """What a comparison found, in objects.

    ``missing`` have a row and no object, ``orphans`` an object and no row; ``young`` are
    objects without a row that may get one yet; ``unfinished`` are uploads that have never
    ended, and that were removed. Of missing and orphans the first names are told.
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

    def __str__(self) -> str:
        if self.refused:
            return f"nothing compared: {self.refused}"
        return (
            f"{self.objects} objects, {self.used} in use, {self.missing} missing, "
            f"{self.orphans} without a row ({self.orphan_bytes} bytes), {self.marked} newly "
            f"marked, {self.young} too young to say, {self.unfinished} unfinished uploads"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)

    def add_missing(self, name: str) -> None:
        self.missing += 1
        if len(self.missing_names) < EXAMPLES:
            self.missing_names.append(name)

    def add_orphan(self, name: str, size: int) -> None:
        self.orphans += 1
        self.orphan_bytes += size
        if len(self.orphan_names) < EXAMPLES:
            self.orphan_names.append(name)


class Progress:
    """How far a comparison is, and whether its time is over.

    :param seconds: of the slice; None: it goes on to its end
    """

    def __init__(self, position: str, seconds: float | None) -> None:
        self.position = position
        self.is_over = False
        self._until = None if seconds is None else time.monotonic() + seconds

    def goes_on(self, key: str) -> bool:
        """Note that all up to a key is compared; return False if the time is over."""
        self.position = key
        self.is_over = self._until is not None and time.monotonic() >= self._until
        return not self.is_over


def compare(
    objects: Iterable[ObjectInfo],
    keys: Iterable[str],
    before: datetime,
    report: ReconcileReport,
    is_missing: Callable[[str], bool],
    goes_on: Callable[[str], bool] = lambda key: True,
) -> Iterator[ObjectInfo]:
    """Yield the objects without a row that were stored ``before``; add to the report.

    :param objects: in the order of their keys
    :param keys: those that rows have, each once, in the same order
    :param is_missing: asked about a key that was not listed: the listing may be older
    :param goes_on: called after each key, up to which all is compared; False ends it
    """
    for key, found, has_row in _merged(objects, keys):
        if found is None:
            if is_missing(key):
                report.add_missing(key)
        elif has_row:
            report.used += 1
        elif found.modified is None or found.modified >= before:
            report.young += 1
        else:
            report.add_orphan(key, found.size)
            yield found
        report.objects += found is not None
        if not goes_on(key):
            return


def _merged(
    objects: Iterable[ObjectInfo], keys: Iterable[str]
) -> Iterator[tuple[str, ObjectInfo | None, bool]]:
    """Yield each key, its object or None, and whether a row has it."""
    rows = iter(keys)
    key = next(rows, None)
    for found in objects:
        while key is not None and key < found.key:
            yield key, None, True
            key = next(rows, None)
        yield found.key, found, key == found.key
        if key == found.key:
            key = next(rows, None)
    while key is not None:
        yield key, None, True
        key = next(rows, None)
