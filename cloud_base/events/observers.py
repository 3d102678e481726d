"""Whoever wants to be told of something: the sinks of metrics and logs."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Observers(list[Callable[[Event], None]], Generic[Event]):
    """Functions that take an event; a list, so that asking whether there is one costs nothing.

    One that raises is reported once to ``logger``, dropped for that event, and disturbs
    nobody.
    """

    def __init__(self, logger: logging.Logger) -> None:
        super().__init__()
        self._logger = logger
        self._blamed: set[int] = set()

    def add(self, observer: Callable[[Event], None]) -> None:
        if observer not in self:
            self.append(observer)

    def discard(self, observer: Callable[[Event], None]) -> None:
        if observer in self:
            self.remove(observer)

    def tell(self, event: Event) -> None:
        """Call each of them with an event."""
        for observer in tuple(self):
            try:
                observer(event)
            except Exception:  # metrics must not disturb what they count
                if id(observer) not in self._blamed:
                    self._blamed.add(id(observer))
                    self._logger.warning(
                        "%r fails, its figures are incomplete", observer, exc_info=True
                    )
