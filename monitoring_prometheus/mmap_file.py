"""The file that a process keeps its numbers in, for others to read while it writes.

Layout (native byte order, everything at multiples of 8)::

    magic 8 bytes | used 8 bytes | record | record | …
    record: length of key 4 | number of doubles 4 | key, padded | doubles

Why not the files of prometheus_client's multiprocess mode: they have a record with the whole
help text for each bucket, some twenty times as much to read at a scrape and to add to at a
request.

A process may be killed at any time: a record is written before ``used`` says that it is
there, a double is 8 aligned bytes, and space is reserved before it is mapped (a full disk is
an ``OSError`` then, and no ``SIGBUS``).

While it lives, the process holds a lock on its file; the kernel lets it go, whatever ends the
process. A process id would tell less: they are used again, most of all in containers.
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
    return json.dumps([name, *labels]).encode()


def decoded_key(key: bytes) -> tuple[str, tuple[str, ...]]:
    name, *labels = json.loads(key)
    return name, tuple(labels)


class DamagedFileError(Exception):
    """The content of a file of values is not what a process writes."""


def read_records(content: bytes) -> list[tuple[bytes, Numbers]]:
    """Return the key and the numbers of each record.

    :raises DamagedFileError: for a page of zeros or of anything else, or a file that is cut
    """
    if len(content) < HEADER.size:
        raise DamagedFileError("it has no header")
    magic, used = HEADER.unpack_from(content)
    if magic != MAGIC or used > len(content):
        raise DamagedFileError("its header is wrong, or it is cut")
    records = []
    position = HEADER.size
    while position < used:
        if position + RECORD.size > used:
            raise DamagedFileError("its last record is cut")
        length, count = RECORD.unpack_from(content, position)
        begin = position + RECORD.size
        numbers = begin + _padded(length)
        position = numbers + 8 * count
        if not length or position > used:
            raise DamagedFileError("a record has no key, or is longer than the file")
        key = content[begin : begin + length]
        values = struct.unpack_from(f"={count}d", content, numbers)
        if not _is_key(key) or not all(map(math.isfinite, values)):
            raise DamagedFileError("a record has another key or number than is written")
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


def is_left(file: int) -> bool:
    """Return True if the process that wrote an open file has ended."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class ValueFile:
    """The file of this process; ``numbers[index]`` is mapped."""

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
            # known to others once it is locked: without a lock it is a dead one's
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
        """Give up the mapping and the lock, as a forked child has to with its parent's."""
        with contextlib.suppress(AttributeError, BufferError, OSError, ValueError):
            self.numbers.release()
            self._integers.release()
            self._bytes.close()
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _map(self, size: int) -> None:
        os.posix_fallocate(self._file, 0, size)
        # the old mapping goes with its last user: a thread may be adding to a number
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
