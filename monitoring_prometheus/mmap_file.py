"""The file for the numbers of one process, which other processes read while it writes.

Layout (native byte order, everything at multiples of 8)::

    magic 8 bytes | used 8 bytes | record | record | …
    record: length of key 4 | number of doubles 4 | key, padded | doubles

The files of prometheus_client's multiprocess mode have a record with the whole help text for each
bucket: about twenty times as many bytes to read for a scrape and to write for a request.

A process may be killed at any time. So a record is written before ``used`` includes it, a double
is 8 aligned bytes, and space is reserved before it is mapped: a full disk is an ``OSError`` then,
not a ``SIGBUS``.

A live process holds a lock on its file, which the kernel releases when the process ends for any
reason. A process id is not enough: ids are reused, most often in containers.
"""

import contextlib
import fcntl
import functools
import json
import math
import mmap
import os
import struct
import time
from collections.abc import Iterable
from pathlib import Path

MAGIC = b"OdooVal1"
HEADER = struct.Struct("=8sQ")
RECORD = struct.Struct("=II")
USED = 1  # index of ``used``, in 8 bytes
START_SIZE = 1 << 16
SUFFIX = ".values"

Numbers = tuple[float, ...]


def encoded_key(name: str, labels: Iterable[str]) -> bytes:
    """Return the key of a metric and the values of its labels."""
    return json.dumps([name, *labels]).encode()


def decoded_key(key: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the name of the metric and the values of the labels in a key."""
    name, *labels = json.loads(key)
    return name, tuple(labels)


class DamagedFileError(Exception):
    """The content of a file cannot have been written by a process of this suite."""


def read_records(content: bytes) -> list[tuple[bytes, Numbers]]:
    """Return the key and the numbers of each record.

    :raises DamagedFileError: for a page of zeros or other bytes, or a truncated file
    """
    if len(content) < HEADER.size:
        raise DamagedFileError("the file has no header")
    magic, used = HEADER.unpack_from(content)
    if magic != MAGIC or used > len(content):
        raise DamagedFileError("the header is wrong, or the file is truncated")
    records = []
    position = HEADER.size
    while position < used:
        if position + RECORD.size > used:
            raise DamagedFileError("the last record is truncated")
        length, count = RECORD.unpack_from(content, position)
        begin = position + RECORD.size
        numbers = begin + _padded(length)
        position = numbers + 8 * count
        if not length or position > used:
            raise DamagedFileError("a record has no key, or is longer than the file")
        key = content[begin : begin + length]
        values = struct.unpack_from(f"={count}d", content, numbers)
        if not _is_key(key) or not all(map(math.isfinite, values)):
            raise DamagedFileError("a record has an invalid key or number")
        records.append((key, values))
    return records


@functools.lru_cache(maxsize=20_000)
def _is_key(key: bytes) -> bool:
    try:
        name, labels = decoded_key(key)
    except (ValueError, TypeError):
        return False
    return all(isinstance(part, str) for part in (name, *labels))


def written_records(records: Iterable[tuple[bytes, Numbers]]) -> bytes:
    """Return the content of a file with these records."""
    parts = [_record(key, numbers) for key, numbers in records]
    return HEADER.pack(MAGIC, HEADER.size + sum(map(len, parts))) + b"".join(parts)


def is_abandoned(file: int) -> bool:
    """Return True if the process that wrote an open file has ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class ValueFile:
    """The file of this process; ``numbers`` is the mapped content as doubles."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{os.getpid()}-{time.time_ns()}"
        new = directory / f"{name}.new"
        self._file = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.path = directory / f"{name}{SUFFIX}"
        self._used = HEADER.size
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._map(START_SIZE)
            HEADER.pack_into(self._bytes, 0, MAGIC, HEADER.size)
            # renamed once it is locked: a file without a lock belongs to an ended process
            new.rename(self.path)
        except OSError:
            os.close(self._file)
            new.unlink(missing_ok=True)
            raise

    def add(self, key: bytes, count: int) -> int:
        """Make a record of ``count`` zeros and return the index of the first one."""
        record = _record(key, (0.0,) * count)
        if self._used + len(record) > len(self._bytes):
            self._map(2 * len(self._bytes))
        self._bytes[self._used : self._used + len(record)] = record
        self._used += len(record)
        self._integers[USED] = self._used
        return self._used // 8 - count

    def close(self) -> None:
        """Release the mapping and the lock; a forked child does so with the file of its parent."""
        with contextlib.suppress(AttributeError, BufferError, OSError, ValueError):
            self.numbers.release()
            self._integers.release()
            self._bytes.close()
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _map(self, size: int) -> None:
        os.posix_fallocate(self._file, 0, size)
        # the old mapping exists as long as a thread uses it to add to a number
        self._bytes = mmap.mmap(self._file, size)
        self.numbers = memoryview(self._bytes).cast("d")
        self._integers = memoryview(self._bytes).cast("Q")


def _record(key: bytes, numbers: Numbers) -> bytes:
    padded = key.ljust(_padded(len(key)), b" ")
    return (
        RECORD.pack(len(key), len(numbers)) + padded + struct.pack(f"={len(numbers)}d", *numbers)
    )


def _padded(length: int) -> int:
    return (length + 7) & ~7
