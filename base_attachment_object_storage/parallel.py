"""Doing the same to many things at a time, in a few threads that a process keeps.

::

    for result in parallel.each(upload, contents):
        ...

The caller's thread takes the items and gets the results, so only ``function`` runs in
other threads: it must touch nothing of Odoo, no cursor and no record. All callers of a
process share the threads in turn; nobody calls ``each()`` from within one of them.

A process that was forked begins with none: threads do not survive a fork. Under gevent the
threads are greenlets.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

THREADS = 16

Item = TypeVar("Item")
Result = TypeVar("Result")

_executors: list[ThreadPoolExecutor] = []
os.register_at_fork(after_in_child=_executors.clear)


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
    work = _Work(function)
    try:
        for item in first:
            work.begin(item)
        while work.unfinished:
            result = work.next()
            for item in itertools.islice(coming, 1):
                work.begin(item)
            yield result
    finally:
        work.end()


class _Work(Generic[Item, Result]):
    """What one caller has given to the threads; each item has one outcome in the queue."""

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self.unfinished = 0
        self._function = function
        self._ended = False
        self._outcomes: SimpleQueue[Callable[[], Result]] = SimpleQueue()

    def begin(self, item: Item) -> None:
        _executor().submit(self._do, item)
        self.unfinished += 1

    def next(self) -> Result:
        outcome = self._outcomes.get()
        self.unfinished -= 1
        return outcome()

    def end(self) -> None:
        self._ended = True
        for _number in range(self.unfinished):
            self._outcomes.get()

    def _do(self, item: Item) -> None:
        try:
            if self._ended:
                raise InterruptedError("another item has failed")
            result = self._function(item)
        except BaseException as error:  # noqa: BLE001  # for the caller's thread to raise
            self._outcomes.put(_raising(error))
        else:
            self._outcomes.put(lambda: result)


def _raising(error: BaseException) -> Callable[[], Any]:
    def outcome() -> Any:
        raise error

    return outcome


def _executor() -> ThreadPoolExecutor:
    if not _executors:
        _executors.append(ThreadPoolExecutor(THREADS, thread_name_prefix="attachments"))
    return _executors[0]
