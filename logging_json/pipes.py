"""Keeps lines whole in a pipe that several processes write into, as under Docker.

The kernel mixes what processes write into a full pipe, unless it is shorter than 4096 bytes. A
stack is longer. So each line is written under a lock on the pipe itself, which the processes
that prefork forks and the gevent process have in common. Files need none: what is appended to
them in one call stays in one piece.
"""

import fcntl
import logging
import os
import select
import stat
from typing import Any


def keep_lines_whole(handler: logging.Handler) -> None:
    """Have a handler that writes into a pipe write line by line."""
    stream: Any = getattr(handler, "stream", None)
    if not isinstance(handler, logging.StreamHandler) or isinstance(stream, PipeStream):
        return
    try:
        if stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
            handler.setStream(PipeStream(stream))
    except (AttributeError, OSError, ValueError):
        return  # no file, or no /proc


class PipeStream:
    """A stream of text into a pipe; what one call writes stays together.

    :raises OSError: where the pipe cannot be locked
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._process = 0
        self._lock = -1
        self._locked()

    def write(self, text: str) -> int:  # pylint: disable=method-required-super  # no model
        data = memoryview(text.encode(errors="backslashreplace"))
        self._stream.flush()
        lock = self._locked()
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            while data:
                data = data[self._write(data) :]
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        return len(text)

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._stream.fileno(), data)
        except BlockingIOError:
            # who shares the pipe may have made it one that does not block
            select.select([], [self._stream.fileno()], [])
            return 0

    def _locked(self) -> int:
        """Return what this process locks: the pipe, opened again.

        A lock belongs to what was opened, which a forked process shares with its parent.
        """
        if self._process != os.getpid():
            if self._lock >= 0:
                os.close(self._lock)
            path = f"/proc/self/fd/{self._stream.fileno()}"
            self._lock = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            self._process = os.getpid()
        return self._lock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
