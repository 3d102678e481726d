"""Whom a thread works for: users wait for it, or it works in the background.

Moves, collections and comparisons are in the background: they have threads of their own
(``parallel``), and need none of the places in which users' requests wait (``store_guard``).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Lane(threading.local):
    is_background = False
    works_for: int | None = None


_lane = _Lane()


def is_background() -> bool:
    """Return True if the thread works in the background."""
    return _lane.is_background


def holder() -> int:
    """Return the thread that waits for what this thread does; itself by default."""
    return _lane.works_for or threading.get_ident()


@contextmanager
def background() -> Iterator[None]:
    """Let the thread, and those that work for it, work in the background."""
    with _entered(True, _lane.works_for):
        yield


@contextmanager
def working_for(waiting: int, is_in_background: bool) -> Iterator[None]:
    """Let the thread work for another one."""
    with _entered(is_in_background, waiting):
        yield


@contextmanager
def _entered(is_in_background: bool, works_for: int | None) -> Iterator[None]:
    before = _lane.is_background, _lane.works_for
    _lane.is_background, _lane.works_for = is_in_background, works_for
    try:
        yield
    finally:
        _lane.is_background, _lane.works_for = before
