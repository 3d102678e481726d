"""The numbers of this process: what a request adds to."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

from .metrics import LIMIT, OTHER, Metric
from .mmap_file import ValueFile, encoded_key

NOTHING = memoryview(b"").cast("d")

Key = tuple[Metric, tuple[str, ...]]


class Rows(dict[Key, int]):
    """Where the numbers of a metric and its labels begin; ``make`` finds what is not there."""

    def __init__(self, make: Callable[[Metric, tuple[str, ...]], int]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> int:
        return self._make(*key)


class ProcessValues:
    """Adds to numbers in a file of this process, made with the first of them.

    A forked child begins with nothing, in a file of its own.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: ValueFile | None = None
        self._numbers: memoryview[float] = NOTHING
        self._begin()
        os.register_at_fork(after_in_child=self._begin_anew)

    def add(self, metric: Metric, labels: tuple[str, ...], amount: float = 1.0) -> None:
        """Add to a counter or a gauge."""
        with self._lock:
            # first: a new row may move the numbers
            row = self._rows[metric, labels]
            self._numbers[row] += amount

    def put(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Set a gauge."""
        with self._lock:
            row = self._rows[metric, labels]
            self._numbers[row] = value

    def observe(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        """Add a value to a histogram."""
        with self._lock:
            row = self._rows[metric, labels]
            numbers, buckets = self._numbers, metric.buckets
            numbers[row + bisect_left(buckets, value)] += 1.0
            numbers[row + len(buckets) + 1] += value

    def close(self) -> None:
        """End as a process does: the numbers stay in the folder."""
        with self._lock:
            if self._file:
                self._file.close()
            self._begin()

    def _new_row(self, metric: Metric, labels: tuple[str, ...]) -> int:
        if self._sets.get(metric, 0) >= LIMIT:
            labels = (OTHER,) * len(labels)
            if (metric, labels) in self._rows:
                return self._rows[metric, labels]
        if self._file is None:
            self._file = ValueFile(self._directory)
        row = self._file.add(encoded_key(metric.name, labels), metric.size)
        self._numbers = self._file.numbers
        self._sets[metric] = self._sets.get(metric, 0) + 1
        self._rows[metric, labels] = row
        return row

    def _begin(self) -> None:
        # reentrant: garbage collection may run a store's operation in the midst of another
        self._lock = threading.RLock()
        self._file = None
        self._rows = Rows(self._new_row)
        self._sets: dict[Metric, int] = {}
        self._numbers = NOTHING

    def _begin_anew(self) -> None:
        if self._file:
            self._file.close()
        self._begin()
