"""The id of this process, cached, and refreshed after a fork."""

import os

_pid = os.getpid()


def current() -> int:
    """Return the id of this process without a system call."""
    return _pid


def _refresh() -> None:
    global _pid
    _pid = os.getpid()


os.register_at_fork(after_in_child=_refresh)
