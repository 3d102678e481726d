"""Operations on services: subscribe to be notified of each request to a store.

A store encloses its work, a recorder of metrics subscribes::

    with Operation(OBJECT_STORE, "read", backend="s3") as operation:
        operation.bytes = len(content)

    count(SESSION_STORE, "rotation_postponed")

    subscribe(observer)     # observer(operation), after each operation

Names become metrics and labels, so there are few and they are fixed: ``component`` is one of
``COMPONENTS``, ``name`` is a verb, ``backend`` is a kind of server. A key, a session or a host
never is part of them.

Without a subscriber an operation does not read the clock.
"""

import logging
import time
from collections.abc import Callable
from types import TracebackType

from .observers import Observers

SESSION_STORE = "session_store"
OBJECT_STORE = "object_store"
COMPONENTS = (SESSION_STORE, OBJECT_STORE)

_observers: Observers["Operation"] = Observers(logging.getLogger(__name__))


class Operation:
    """An operation that was done; an event without a duration has ``seconds`` None.

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
            _observers.notify(self)


def count(component: str, name: str, backend: str = "") -> None:
    """Report an event, for example ``count(SESSION_STORE, "breaker_opened")``."""
    if _observers:
        _observers.notify(Operation(component, name, backend))


def subscribe(observer: Callable[[Operation], None]) -> None:
    """Call ``observer`` after each operation, in the thread that did it."""
    _observers.add(observer)


def unsubscribe(observer: Callable[[Operation], None]) -> None:
    """Stop calling ``observer``."""
    _observers.discard(observer)
