"""The numbers of this process, to which each request adds."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

from odoo.addons.cloud_base.events.recorder import LABEL_SETS, OTHER

from .metrics import Metric
from .mmap_file import ValueFile, encoded_key

NOTHING = memoryview(b"").cast("d")

Key = tuple[Metric, tuple[str, ...]]


class Rows(dict[Key, int]):
    """The index of the first number of a metric and its labels; ``make`` adds missing ones."""

    def __init__(self, make: Callable[[Metric, tuple[str, ...]], int]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> int:
        return self._make(*key)


class ProcessValues:
    """Adds to numbers in a file of this process, which the first number creates.

    A forked child starts with its own empty file.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: ValueFile | None = None
        self._numbers: memoryview[float] = NOTHING
        self._reset()
        os.register_at_fork(after_in_child=self._reset_in_child)

    def add(self, metric: Metric, labels: tuple[str, ...], amount: float = 1.0) -> None:
        """Add to a counter or a gauge."""
        with self._lock:
            # first: a new row may replace the mapping of the numbers
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
        """Close the file; its numbers stay in the folder, as if the process had ended."""
        with self._lock:
            if self._file:
                self._file.close()
            self._reset()

    def _new_row(self, metric: Metric, labels: tuple[str, ...]) -> int:
        if self._sets.get(metric, 0) >= LABEL_SETS:
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

    def _reset(self) -> None:
        # reentrant: garbage collection may run an operation of a store while a number is changed
        self._lock = threading.RLock()
        self._file = None
        self._rows = Rows(self._new_row)
        self._sets: dict[Metric, int] = {}
        self._numbers = NOTHING

    def _reset_in_child(self) -> None:
        if self._file:
            self._file.close()
        self._reset()
