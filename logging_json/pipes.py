"""Keeps lines whole in a pipe that several processes write into, as under Docker.

The kernel mixes what processes write into a full pipe, unless it is shorter than 4096 bytes. A
stack is longer, and would be mixed with short lines too. So each line is written under a lock on
the pipe itself, which the processes that prefork forks and the gevent process have in common.
Files need no lock: the system appends the bytes of one call in one piece.

A thread waits for another process or a slow reader, like with core's own handler. Under gevent a
thread of gevent's pool waits instead, so that no other greenlet is blocked.
"""

import fcntl
import logging
import os
import select
import stat
import sys
from collections.abc import Callable
from typing import Any


def keep_lines_whole(handler: logging.Handler) -> None:
    """Make a handler that writes into a pipe write each line under the lock of the pipe."""
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

    :raises OSError: where the pipe cannot be opened
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._process = 0
        self._pipe = -1
        self._opened()

    def write(self, text: str) -> int:  # pylint: disable=method-required-super  # no model
        """Write a text in one piece, and return its length."""
        data = text.encode(errors="backslashreplace")
        self._stream.flush()
        pipe = self._opened()
        if not _written_at_once(pipe, data):
            _wait_for(_write_in_turn, pipe, data)
        return len(text)

    def _opened(self) -> int:
        """Return the pipe as this process has opened it.

        The lock and the non-blocking mode belong to the open file, which a forked process would
        share with its parent.
        """
        if self._process != os.getpid():
            if self._pipe >= 0:
                os.close(self._pipe)
            path = f"/proc/self/fd/{self._stream.fileno()}"
            self._pipe = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._process = os.getpid()
        return self._pipe

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _written_at_once(pipe: int, data: bytes) -> bool:
    """Write a short line, unless that has to wait."""
    if len(data) > select.PIPE_BUF:
        return False
    try:
        fcntl.flock(pipe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        # all of it or nothing: the pipe does not block
        os.write(pipe, data)
    except BlockingIOError:
        return False
    finally:
        fcntl.flock(pipe, fcntl.LOCK_UN)
    return True


def _write_in_turn(pipe: int, data: bytes) -> None:
    fcntl.flock(pipe, fcntl.LOCK_EX)
    try:
        os.set_blocking(pipe, True)
        left = memoryview(data)
        while left:
            left = left[os.write(pipe, left) :]
    finally:
        os.set_blocking(pipe, False)
        fcntl.flock(pipe, fcntl.LOCK_UN)


def _wait_for(write: Callable[[int, bytes], None], pipe: int, data: bytes) -> None:
    """Call what may wait, under gevent in a thread of its pool."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey and monkey.is_module_patched("threading"):
        import gevent

        hub = gevent.get_hub()
        # the hub itself logs callbacks that fail, and it cannot wait for a thread
        if gevent.getcurrent() is not hub:
            hub.threadpool.apply(write, (pipe, data))
            return
    write(pipe, data)
