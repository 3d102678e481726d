"""Memory that the processes of a server share: a worker learns what another one found out.

A prefork server imports its server-wide addons before it forks, so its workers inherit this
memory. Where it is imported later, each process has its own, and everything that is kept in
it is true of that process alone.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

REGIONS = 64  # services that a server uses at most; further ones are not shared
REGION_BYTES = 2048
_NAME_BYTES = 16
_FREE = bytes(_NAME_BYTES)


class SharedMemory:
    """Regions of zeroed bytes, each under a name."""

    def __init__(self) -> None:
        self._bytes = mmap.mmap(-1, REGIONS * (_NAME_BYTES + REGION_BYTES))
        # the lock of a file excludes processes and ends with them, whatever ends them
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process lives
        self._make_lock()
        os.register_at_fork(after_in_child=self._make_lock)

    def _make_lock(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude every other thread and process for a moment."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def region(self, name: str) -> "Region":
        """Return the region with a name."""
        wanted = hashlib.sha256(name.encode()).digest()[:_NAME_BYTES]
        with self.locked():
            for number in range(REGIONS):
                start = number * _NAME_BYTES
                found = self._bytes[start : start + _NAME_BYTES]
                if found == _FREE:
                    self._bytes[start : start + _NAME_BYTES] = wanted
                if found in (_FREE, wanted):
                    begin = REGIONS * _NAME_BYTES + number * REGION_BYTES
                    return Region(self, self._bytes, begin)
        return Region(self, mmap.mmap(-1, REGION_BYTES), 0)


class Region:
    """Some shared bytes; positions count from the region's first byte."""

    def __init__(self, memory: SharedMemory, content: mmap.mmap, begin: int) -> None:
        self.locked = memory.locked
        self._bytes = content
        self._begin = begin

    # pylint: disable-next=method-required-super
    def read(self, form: struct.Struct, position: int) -> tuple[float, ...]:
        values: tuple[float, ...] = form.unpack_from(self._bytes, self._begin + position)
        return values

    # pylint: disable-next=method-required-super
    def write(self, form: struct.Struct, position: int, *values: float) -> None:
        form.pack_into(self._bytes, self._begin + position, *values)


MEMORY = SharedMemory()
