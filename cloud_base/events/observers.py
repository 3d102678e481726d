"""A list of callbacks for one kind of event."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Observers(list[Callable[[Event], None]], Generic[Event]):
    """Callbacks that accept an event; a list, so that a check for observers costs nothing.

    An exception in a callback is logged once per callback to ``logger``. It reaches neither the
    other callbacks nor the code that notifies.
    """

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._logger = logger
        self._reported: set[int] = set()

    def add(self, observer: Callable[[Event], None]) -> None:
        """Add a callback, unless it is in the list."""
        if observer not in self:
            self.append(observer)

    def discard(self, observer: Callable[[Event], None]) -> None:
        """Remove a callback, if it is in the list."""
        if observer in self:
            self.remove(observer)

    def notify(self, event: Event) -> None:
        """Call each callback with an event."""
        for observer in tuple(self):
            try:
                observer(event)
            except Exception:  # of metrics and logs: the work that they observe must go on
                if id(observer) not in self._reported:
                    self._reported.add(id(observer))
                    self._logger.warning(
                        "%r fails, its figures are incomplete", observer, exc_info=True
                    )
