"""The numbers of all processes of a server, with those of the dead.

How: a folder has a file for each process (``value_file``) and one for all that have ended,
``ended.totals``. Whoever collects adds the files of processes that have ended to that one and
removes them, so that disk and time depend on the processes that live, however many there were.

Crash: the totals name the files that are in them, and are replaced in one step. A file that
is named there is not counted again, just removed. Two collectors exclude each other by a lock.

Damage: a file that cannot be read is left out. When its process has ended, it gets another name,
and so do damaged totals. ``Totals.damaged`` is the number of all these files.

Otherwise counters never go back, also when the server starts anew: remove the folder to begin at
zero.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .metrics import LIMIT, OTHER, WRITTEN
from .mmap_file import (
    SUFFIX,
    DamagedFileError,
    Numbers,
    decoded_key,
    encoded_key,
    is_left,
    read_records,
    written_records,
)

_logger = logging.getLogger(__name__)

DAMAGED = ".damaged"
# that are kept of these; the oldest ones are removed
DAMAGED_FILES_KEPT = 10
TOTALS = "ended.totals"
LOCK = "collect.lock"
# the record of the totals that names a file
INCLUDED = "included"


class Totals:
    """Numbers that are summed up, by key; ``latest`` ones are the greatest."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, Numbers] = {}
        self._sets: dict[str, int] = {}
        self._latest: set[bytes] = set()
        self.damaged = 0

    def add(self, content: bytes, gauges: bool = True) -> None:
        """Add the records of a file, with or without its gauges.

        :raises DamagedFileError: before any of them is added
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
        other = Totals()
        other.numbers = dict(self.numbers)
        other._sets = dict(self._sets)
        other._latest = set(self._latest)
        return other

    def _add_new(self, key: bytes, numbers: Numbers, gauges: bool) -> None:
        name, labels = decoded_key(key)
        metric = WRITTEN.get(name)
        # an older release may have written it in another shape
        if metric is None or len(numbers) != metric.size or len(labels) != len(metric.labels):
            return
        if metric.kind == "gauge" and not gauges:
            return
        if self._sets.get(name, 0) >= LIMIT:
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
    """The folder of a server's values."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Totals:
        """Return the sums over all processes, and take in the files of those that ended."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            ended, included = self._ended()
            left: list[Path] = []
            live: list[bytes] = []
            for path in sorted(self._directory.glob(f"*{SUFFIX}")):
                if path.name in included:
                    path.unlink()
                    continue
                content, has_ended = _read(path)
                if not has_ended:
                    live.append(content)
                elif _is_added(ended, content, gauges=False):
                    left.append(path)
                else:
                    self._set_aside(path)
            if left:
                self._take_in(ended, left)
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
        _logger.warning("%s is damaged: what was counted in it is missing", aside)
        by_age = sorted(self._directory.glob(f"*{DAMAGED}"), key=lambda file: file.stat().st_mtime)
        for oldest in by_age[:-DAMAGED_FILES_KEPT]:
            oldest.unlink()

    def _take_in(self, ended: Totals, left: list[Path]) -> None:
        included = [(encoded_key(INCLUDED, [path.name]), ()) for path in left]
        new = self._directory / f"{TOTALS}.new"
        new.write_bytes(written_records([*included, *ended.numbers.items()]))
        new.replace(self._directory / TOTALS)
        for path in left:
            path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._directory / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(path: Path) -> tuple[bytes, bool]:
    """Return the content of a file, empty if it cannot be read, and whether its process ended."""
    try:
        with path.open("rb") as file:
            # asked first: what a process writes after it is read must not be lost
            has_ended = is_left(file.fileno())
            return file.read(), has_ended
    except OSError:
        return b"", True


def _is_added(totals: Totals, content: bytes, gauges: bool = True) -> bool:
    try:
        totals.add(content, gauges)
    except DamagedFileError:
        return False
    return True
