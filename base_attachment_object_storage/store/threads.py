"""Doing the same to many things at a time, in a few threads that a process keeps.

::

    for result in parallel.each(upload, contents):
        ...

The caller's thread takes the items and gets the results, so only ``function`` runs in
other threads: it must touch nothing of Odoo, no cursor and no record. ``function`` must not
call ``each()``.

Work in the background (``priority``) has separate threads, so that no user waits for a file of
a move. Where all threads are busy, the caller's thread does an item itself: work never queues
behind the work of others, and reaches ``store_guard``, which refuses it if the store is slow.

A process that was forked begins with none: threads do not survive a fork. Under gevent the
threads are greenlets.
"""

import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from . import priority

THREADS = 16  # of one work at a time
# of users, made when they are needed. Each reserves 8 to 72 MiB of address space, of which
# Odoo allows a process 2.5 GiB by default (limit_memory_hard)
USERS_THREADS = 2 * THREADS

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Pool:
    """Threads, and how many of them have nothing to do."""

    def __init__(self, threads: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._idle = threading.BoundedSemaphore(threads)

    def submit(self, work: Callable[[], Callable[[], None]]) -> bool:
        """Have a thread call ``work`` and what it returns; return False if all are busy."""
        if not self._idle.acquire(blocking=False):
            return False
        self._executor.submit(self._do, work)
        return True

    def _do(self, work: Callable[[], Callable[[], None]]) -> None:
        deliver = work()
        # first, for whoever gets the outcome may submit the next item
        self._idle.release()
        deliver()


# whether it is for the background: its threads
_pools: dict[bool, _Pool] = {}
os.register_at_fork(after_in_child=_pools.clear)


def each(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = THREADS
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, as they are done, at most ``threads`` at a time.

    The first error ends it: nothing more is begun, what has begun is waited for, and the
    error is raised. The same happens to the rest when the caller stops asking.
    """
    coming = iter(items)
    first = list(itertools.islice(coming, threads))
    if len(first) == 1 and threads > 1:
        yield function(first[0])  # a thread would gain nothing
        return
    with Work(function, itertools.chain(first, coming), threads) as work:
        yield from work


class Work(Generic[Item, Result]):
    """``each()`` that has begun when it is made: the caller may do something else meanwhile.

    Iterate to have the results, and leave the ``with`` block, or call ``end()``, in any case.
    """

    def __init__(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        threads: int = THREADS,
    ) -> None:
        self._function = function
        self._caller = priority.holder()
        self._is_background = priority.is_background()
        self._coming = iter(items)
        self._unfinished = 0
        self._ended = False
        # each item has one outcome in the queue
        self._outcomes: SimpleQueue[Callable[[], Result]] = SimpleQueue()
        self._begin(threads)

    def __enter__(self) -> "Work[Item, Result]":
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def __iter__(self) -> Iterator[Result]:
        while self._unfinished:
            outcome = self._outcomes.get()
            self._unfinished -= 1
            result = outcome()
            self._begin(1)
            yield result

    def end(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        self._ended = True
        while self._unfinished:
            self._outcomes.get()
            self._unfinished -= 1

    def _begin(self, count: int) -> None:
        for item in itertools.islice(self._coming, count):
            self._unfinished += 1
            work = functools.partial(self._do, item)
            if not _pool(self._is_background).submit(work):
                work()()

    def _do(self, item: Item) -> Callable[[], None]:
        """Do the work of an item; return a function that delivers its outcome."""
        try:
            if self._ended:
                raise InterruptedError("another item has failed")
            with priority.working_for(self._caller, self._is_background):
                result = self._function(item)
        except BaseException as error:  # noqa: BLE001  # for the caller's thread to raise
            return functools.partial(self._outcomes.put, _raising(error))
        return functools.partial(self._outcomes.put, lambda: result)


def _raising(error: BaseException) -> Callable[[], Any]:
    def outcome() -> Any:
        raise error

    return outcome


def _pool(is_background: bool) -> _Pool:
    if is_background not in _pools:
        threads = THREADS if is_background else USERS_THREADS
        name = "attachments.background" if is_background else "attachments"
        _pools[is_background] = _Pool(threads, name)
    return _pools[is_background]
