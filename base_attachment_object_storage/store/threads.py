"""Apply one function to many items in parallel, in threads that a process keeps.

::

    for result in threads.each(upload, contents):
        ...

The caller's thread takes the items and receives the results, so only ``function`` runs in
other threads: it must not touch Odoo, neither a cursor nor a record.

Background work (``priority``) has separate threads, so that no user waits for a file of a
move. If all threads are busy, the caller's thread handles an item itself: work never queues
behind other work, and reaches ``store_guard``, which refuses it if the store is slow.

A forked process starts without threads, because threads do not survive a fork. Under gevent
the threads are greenlets.
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

THREADS = 16  # of one call
# for the work of users; created on demand. Each reserves 8 to 72 MiB of address space, of which
# Odoo allows a process 2.5 GiB by default (limit_memory_hard)
USERS_THREADS = 2 * THREADS

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Pool:
    """A thread pool that knows how many of its threads are idle."""

    def __init__(self, threads: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._idle = threading.BoundedSemaphore(threads)

    def submit(self, work: Callable[[], Callable[[], None]]) -> bool:
        """Call ``work`` and then its result in a thread; return False if all are busy."""
        if not self._idle.acquire(blocking=False):
            return False
        self._executor.submit(self._run, work)
        return True

    def _run(self, work: Callable[[], Callable[[], None]]) -> None:
        deliver = work()
        # before the delivery: the receiver of the outcome may submit the next item
        self._idle.release()
        deliver()


# by whether it is for background work
_pools: dict[bool, _Pool] = {}
os.register_at_fork(after_in_child=_pools.clear)


def each(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int = THREADS
) -> Iterator[Result]:
    """Yield ``function(item)`` for each item in order of completion, ``threads`` at a time.

    The first error ends the iteration: no further item is started, the running ones are waited
    for, and the error is raised. The running ones are also waited for when the caller stops
    early.
    """
    remaining = iter(items)
    first = list(itertools.islice(remaining, threads))
    if len(first) == 1 and threads > 1:
        yield function(first[0])  # a thread would gain nothing
        return
    with BoundedMap(function, itertools.chain(first, remaining), threads) as results:
        yield from results


class BoundedMap(Generic[Item, Result]):
    """A parallel map that starts when it is created: the caller is free in between.

    Iterate over it for the results. Leave its ``with`` block, or call ``end()``, in any case.
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
        self._remaining = iter(items)
        self._unfinished = 0
        self._ended = False
        # each item puts one outcome into the queue
        self._outcomes: SimpleQueue[Callable[[], Result]] = SimpleQueue()
        self._start(threads)

    def __enter__(self) -> "BoundedMap[Item, Result]":
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def __iter__(self) -> Iterator[Result]:
        while self._unfinished:
            outcome = self._outcomes.get()
            self._unfinished -= 1
            result = outcome()
            self._start(1)
            yield result

    def end(self) -> None:
        """Start no further item, and wait for the running ones."""
        self._ended = True
        while self._unfinished:
            self._outcomes.get()
            self._unfinished -= 1

    def _start(self, count: int) -> None:
        for item in itertools.islice(self._remaining, count):
            self._unfinished += 1
            work = functools.partial(self._apply, item)
            if not _pool(self._is_background).submit(work):
                work()()

    def _apply(self, item: Item) -> Callable[[], None]:
        """Apply the function to an item; return a function that delivers the outcome."""
        try:
            if self._ended:
                raise InterruptedError("another item has failed")
            with priority.working_for(self._caller, self._is_background):
                result = self._function(item)
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
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
