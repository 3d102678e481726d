"""The values of all processes of a server, including processes that have ended.

A folder has one file for each process (``mmap_file``), and ``ended.totals`` for all processes that
have ended. Each collection adds the files of ended processes to the totals and removes them. So
disk space and time depend only on the live processes.

Crash: the totals name the files that they include, and are replaced in one step. A file that they
name is removed and not counted twice. A lock excludes a second collector.

Damage: a file that cannot be read is left out. Once its process has ended, the file is renamed;
damaged totals are renamed too. ``Totals.damaged`` is the number of all these files.

Counters never decrease otherwise, not even when the server restarts. Remove the folder to reset
them.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from odoo.addons.cloud_base.events.recorder import LABEL_SETS, OTHER

from .metrics import WRITTEN
from .mmap_file import (
    SUFFIX,
    DamagedFileError,
    Numbers,
    decoded_key,
    encoded_key,
    is_abandoned,
    read_records,
    written_records,
)

_logger = logging.getLogger(__name__)

DAMAGED = ".damaged"
# damaged files that are kept; the oldest ones are removed
DAMAGED_FILES_KEPT = 10
TOTALS = "ended.totals"
LOCK = "collect.lock"
# name of the records in the totals that name an included file
INCLUDED = "included"


class Totals:
    """Sums of numbers by key; a ``latest`` metric has the greatest number instead."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, Numbers] = {}
        self._sets: dict[str, int] = {}
        self._latest: set[bytes] = set()
        self.damaged = 0

    def add(self, content: bytes, gauges: bool = True) -> None:
        """Add the records of a file, with or without its gauges.

        :raises DamagedFileError: and adds none of the records
        """
        for key, numbers in read_records(content):
            mine = self.numbers.get(key)
            if mine is None:
                self._add_new(key, numbers, gauges)
            elif key in self._latest:
                self.numbers[key] = max(mine, numbers)
            else:
                self.numbers[key] = tuple(map(float.__add__, mine, numbers))

    def clone(self) -> "Totals":
        """Return an independent copy without the count of damaged files."""
        other = Totals()
        other.numbers = dict(self.numbers)
        other._sets = dict(self._sets)
        other._latest = set(self._latest)
        return other

    def _add_new(self, key: bytes, numbers: Numbers, gauges: bool) -> None:
        name, labels = decoded_key(key)
        metric = WRITTEN.get(name)
        # another release may have written it with other labels or buckets
        if metric is None or len(numbers) != metric.size or len(labels) != len(metric.labels):
            return
        if metric.kind == "gauge" and not gauges:
            return
        if self._sets.get(name, 0) >= LABEL_SETS:
            key = encoded_key(name, [OTHER] * len(labels))
            mine = self.numbers.get(key)
            if mine is not None:
                numbers = tuple(map(float.__add__, mine, numbers))
        else:
            self._sets[name] = self._sets.get(name, 0) + 1
        if metric.kind == "latest":
            self._latest.add(key)
        self.numbers[key] = numbers


class AllValues:
    """The folder with the values of a server."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Totals:
        """Return the sums over all processes; add the files of ended processes to the totals."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            ended, included = self._ended()
            added: list[Path] = []
            live: list[bytes] = []
            for path in sorted(self._directory.glob(f"*{SUFFIX}")):
                if path.name in included:
                    path.unlink()
                    continue
                content, has_ended = _read(path)
                if not has_ended:
                    live.append(content)
                elif _is_added(ended, content, gauges=False):
                    added.append(path)
                else:
                    self._set_aside(path)
            if added:
                self._replace_totals(ended, added)
        totals = ended.clone()
        damaged = sum(not _is_added(totals, content) for content in live)
        totals.damaged = damaged + len(list(self._directory.glob(f"*{DAMAGED}")))
        return totals

    def _ended(self) -> tuple[Totals, set[str]]:
        path = self._directory / TOTALS
        ended = Totals()
        if not path.exists():
            return ended, set()
        content = path.read_bytes()
        if not _is_added(ended, content, gauges=False):
            self._set_aside(path)
            return ended, set()
        names = (decoded_key(key) for key, numbers in read_records(content) if not numbers)
        return ended, {labels[0] for name, labels in names if name == INCLUDED}

    def _set_aside(self, path: Path) -> None:
        aside = path.with_name(f"{path.name}-{time.time_ns()}{DAMAGED}")
        path.rename(aside)
        _logger.warning("%s is damaged: its values are missing from the metrics", aside)
        by_age = sorted(self._directory.glob(f"*{DAMAGED}"), key=lambda file: file.stat().st_mtime)
        for oldest in by_age[:-DAMAGED_FILES_KEPT]:
            oldest.unlink()

    def _replace_totals(self, ended: Totals, added: list[Path]) -> None:
        included = [(encoded_key(INCLUDED, [path.name]), ()) for path in added]
        new = self._directory / f"{TOTALS}.new"
        new.write_bytes(written_records([*included, *ended.numbers.items()]))
        new.replace(self._directory / TOTALS)
        for path in added:
            path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._directory / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(path: Path) -> tuple[bytes, bool]:
    """Return the content of a file, empty if it is unreadable, and True if its process ended."""
    try:
        with path.open("rb") as file:
            # checked before reading: a process that ends later may still write
            has_ended = is_abandoned(file.fileno())
            return file.read(), has_ended
    except OSError:
        return b"", True


def _is_added(totals: Totals, content: bytes, gauges: bool = True) -> bool:
    try:
        totals.add(content, gauges)
    except DamagedFileError:
        return False
    return True
