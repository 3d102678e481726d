"""Memory that the processes of a server share, so that a worker knows what another one detected.

A prefork server imports its server-wide addons before it forks, so its workers inherit this
memory. If the module is imported later, each process has its own memory, and the values in it are
valid for that process alone.
"""

import fcntl
import hashlib
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

REGIONS = 64  # maximum of services; the regions of further services are not shared
REGION_BYTES = 2048
_NAME_BYTES = 16
_FREE = bytes(_NAME_BYTES)


class SharedMemory:
    """Regions of numbers, all 0 at first, each with a name."""

    def __init__(self) -> None:
        self._bytes = mmap.mmap(-1, REGIONS * (_NAME_BYTES + REGION_BYTES))
        # the kernel releases the lock of a file when its process ends for any reason
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process lives
        self._make_lock()
        os.register_at_fork(after_in_child=self._make_lock)

    def _make_lock(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude every other thread and process."""
        with self._lock:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def region(self, name: str) -> "memoryview[float]":
        """Return the numbers (doubles) of the region with a name; each is read and set at once."""
        wanted = hashlib.sha256(name.encode()).digest()[:_NAME_BYTES]
        with self.locked():
            for number in range(REGIONS):
                start = number * _NAME_BYTES
                used = self._bytes[start : start + _NAME_BYTES]
                if used == _FREE:
                    self._bytes[start : start + _NAME_BYTES] = wanted
                if used in (_FREE, wanted):
                    begin = REGIONS * _NAME_BYTES + number * REGION_BYTES
                    return memoryview(self._bytes)[begin : begin + REGION_BYTES].cast("d")
        return memoryview(mmap.mmap(-1, REGION_BYTES)).cast("d")


MEMORY = SharedMemory()
