"""The priority of a thread's work: users wait for it, or it is background work.

Moves, collections and reconcile are background work: they have separate threads (``threads``),
and need none of the places in which requests of users wait (``store_guard``).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Priority(threading.local):
    is_background = False
    works_for: int | None = None


_priority = _Priority()


def is_background() -> bool:
    """Return True if the thread does background work."""
    return _priority.is_background


def holder() -> int:
    """Return the thread that waits for the work of this thread; by default this thread."""
    return _priority.works_for or threading.get_ident()


def waiting_thread() -> int | None:
    """Return ``holder()``; None in background work, which needs no place to wait."""
    if _priority.is_background:
        return None
    return _priority.works_for or threading.get_ident()


@contextmanager
def background() -> Iterator[None]:
    """Make the work of this thread, and of threads that work for it, background work."""
    with _changed(True, _priority.works_for):
        yield


@contextmanager
def working_for(waiting: int, is_in_background: bool) -> Iterator[None]:
    """Make this thread work for another thread, with its priority."""
    with _changed(is_in_background, waiting):
        yield


@contextmanager
def _changed(is_in_background: bool, works_for: int | None) -> Iterator[None]:
    before = _priority.is_background, _priority.works_for
    _priority.is_background, _priority.works_for = is_in_background, works_for
    try:
        yield
    finally:
        _priority.is_background, _priority.works_for = before
