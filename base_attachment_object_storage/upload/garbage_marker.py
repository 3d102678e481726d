"""Marks on the uploads of a transaction that was rolled back, and the objects seen lately."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..garbage.marks import mark_all

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GarbageMarker:
    """Writes marks on a separate connection to the database of a registry."""

    registry: Any

    def mark(self, fnames: list[str]) -> None:
        """Mark objects as garbage; a failure is logged, because reconcile finds them later."""
        try:
            with self.registry.cursor() as cursor:
                mark_all(cursor, fnames)
        except Exception:  # the caller is rolling back, and has its own reason
            _logger.warning(
                "Objects without a row are not marked, reconcile will find them: %s",
                ", ".join(fnames[:10]),
                exc_info=True,
            )


class RecentlySeen:
    """The objects that this process has stored lately.

    :param seconds: after which an object is stored again, should it have been lost
    """

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._lock = threading.Lock()
        self._seen: OrderedDict[Any, tuple[float, int]] = OrderedDict()

    def add(self, identities: Iterable[Any], collections: int) -> None:
        """Note objects, and how many collections there were when they were seen."""
        seen = time.monotonic(), collections
        with self._lock:
            for identity in identities:
                self._seen[identity] = seen
                self._seen.move_to_end(identity)
            while len(self._seen) > self._limit:
                self._seen.popitem(last=False)

    def is_there(self, identity: Any, collections: int) -> bool:
        """Return True if an object still exists: nothing was deleted since it was seen."""
        since, then = self._seen.get(identity, (0.0, -1))
        return then == collections and time.monotonic() - since < self._seconds
