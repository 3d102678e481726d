"""What a front-end does with its services, told once to whoever counts it.

How: a store encloses what it does, a sink of metrics subscribes::

    with Operation("object_store", "read", backend="s3") as operation:
        operation.bytes = len(content)

    count("session_store", "rotation_postponed")

    subscribe(observer)     # observer(operation), after each of them

Names are few and fixed, for they become metrics and labels: ``component`` is
``object_store`` or ``session_store``, ``name`` a verb, ``backend`` a kind of server. Nothing
of a key, a session or a host belongs here.

Without a subscriber an operation costs no look at the clock. A subscriber that raises is
reported once, dropped for this operation, and disturbs nobody.
"""

import logging
import time
from collections.abc import Callable
from types import TracebackType

from .observers import Observers

_observers: Observers["Operation"] = Observers(logging.getLogger(__name__))


class Operation:
    """Something that was done; an event, which takes no time, has ``seconds`` None.

    ``seconds`` is its duration, ``bytes`` the size of its payload, ``error`` the class name
    of the exception that ended it.
    """

    __slots__ = ("_began", "backend", "bytes", "component", "error", "name", "seconds")

    def __init__(self, component: str, name: str, backend: str = "") -> None:
        self.component = component
        self.name = name
        self.backend = backend
        self.seconds: float | None = None
        self.bytes = 0
        self.error: str | None = None
        self._began = 0.0

    def __enter__(self) -> "Operation":
        if _observers:
            self._began = time.perf_counter()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if _observers and self._began:
            self.seconds = time.perf_counter() - self._began
            self.error = exc_type.__name__ if exc_type else None
            _observers.tell(self)


def count(component: str, name: str, backend: str = "") -> None:
    """Tell of an event, as ``count("session_store", "breaker_opened")``."""
    if _observers:
        _observers.tell(Operation(component, name, backend))


def subscribe(observer: Callable[[Operation], None]) -> None:
    """Have ``observer`` called after each operation, in the thread that did it."""
    _observers.add(observer)


def unsubscribe(observer: Callable[[Operation], None]) -> None:
    """Undo ``subscribe``."""
    _observers.discard(observer)
