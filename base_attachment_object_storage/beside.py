"""What is done beside a transaction, on another connection, in a moment.

::

    mark        notes what a transaction has uploaded in vain, while it is rolled back
    in_use      which objects have a committed row now, whatever the transaction can see
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from .garbage import mark_all

_logger = logging.getLogger(__name__)


class Beside:
    """The other connection; ``registry`` has the database."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    def mark(self, fnames: list[str]) -> None:
        """Mark objects as garbage; a failure is logged, for reconcile finds them anyhow."""
        try:
            with self._registry.cursor() as cursor:
                mark_all(cursor, fnames)
        except Exception:  # the caller is rolling back, and has its own reason
            _logger.warning(
                "Objects without a row are not marked, reconcile will find them: %s",
                ", ".join(fnames[:10]),
                exc_info=True,
            )

    def in_use(self, fnames: list[str]) -> set[str]:
        """Return those that a committed row names."""
        with self._registry.cursor() as cursor:
            cursor.execute(
                # LATERAL has the index used, name by name, however many rows share one
                "SELECT fname FROM unnest(%s) AS fname CROSS JOIN LATERAL"
                " (SELECT 1 FROM ir_attachment WHERE store_fname = fname LIMIT 1) AS found",
                (fnames,),
            )
            return {fname for (fname,) in cursor.fetchall()}


class RecentlySeen:
    """The objects that this process has stored lately, or found in their place."""

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._lock = threading.Lock()
        self._times: OrderedDict[Any, float] = OrderedDict()

    def add(self, identities: Iterable[Any]) -> None:
        now = time.monotonic()
        with self._lock:
            for identity in identities:
                self._times[identity] = now
                self._times.move_to_end(identity)
            while len(self._times) > self._limit:
                self._times.popitem(last=False)

    def __contains__(self, identity: object) -> bool:
        since = self._times.get(identity)
        return since is not None and time.monotonic() - since < self._seconds
