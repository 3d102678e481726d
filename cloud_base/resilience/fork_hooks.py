"""Renew the locks of an object in forked processes.

A child process inherits a lock in the state that it has at the time of the fork. If another thread
holds it then, the child has no such thread, and nothing ever releases the lock there.
"""

import os
import weakref
from collections.abc import Callable


def call_in_children(method: Callable[[], None]) -> None:
    """Call a bound method in every child process, as long as its object exists."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        if bound := reference():
            bound()

    os.register_at_fork(after_in_child=call)
