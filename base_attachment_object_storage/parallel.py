"""Doing the same to many things at once, in threads that know nothing of Odoo."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 16


class Workers:
    """A pool of threads for the time of one job; made and used in one process."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def run(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the results in the order of the items.

        The first error ends it: what has not begun is left, what runs is waited for, and the
        error is raised.
        """
        futures = [self._pool.submit(work, item) for item in items]
        _done, pending = wait(futures, return_when=FIRST_EXCEPTION)
        for future in pending:
            future.cancel()
        wait(futures)
        error = next((f.exception() for f in futures if not f.cancelled() and f.exception()), None)
        if error:
            raise error
        return [future.result() for future in futures]


@contextmanager
def workers(threads: int = THREADS) -> Iterator[Workers]:
    """Have a pool of threads."""
    with ThreadPoolExecutor(threads, thread_name_prefix="attachment") as pool:
        yield Workers(pool)
