"""An unavailable store costs milliseconds: the circuit breaker and the bulkhead of each server.

``ObjectStore`` encloses each of its requests in a ``Contact`` (``ObjectStore.contact``)::

    __enter__   the breaker is open: fail at once      the bulkhead is full: fail at once
    __exit__    Unavailable: a failure                 anything else: the server has answered

The breaker opens with the first failure that took long, or the third quick one in a row. A
refusal, a missing object or a wrong checksum is an answer.

There is one guard for each container, server and credentials: a server that is overloaded may
refuse to serve one container only. A server that is silent is so for all of them: the places
of the bulkhead, and the report of a failure that took long, are shared by all containers, and
by all processes of a prefork server. A process that reads the report opens the breaker without a
request.
"""

import logging
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType

from odoo.addons.cloud_base.resilience.bulkhead import Full, bulkhead_of
from odoo.addons.cloud_base.resilience.circuit_breaker import CircuitBreaker

from .store import ObjectStore, Unavailable, priority

_logger = logging.getLogger(__name__)

# an error that a server sends is quick, also where a client has waited before a second try
LONG_SECONDS = 3.0
QUICK_FAILURES = 3
PROBE_SECONDS = 1.0


class Guard:
    """The knowledge of a process about one store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.bulkhead = bulkhead_of(store.endpoint)
        self.breaker = CircuitBreaker(
            self._probe,
            component="object_store",
            backend=store.backend,
            server=f"The object store {store.backend}://{store.container}",
            thread_name="object_store.breaker",
            logger=_logger,
            probe_seconds=PROBE_SECONDS,
        )
        self.failures = 0

    def forget(self) -> None:
        """Let requests pass, and forget the failures."""
        self.breaker.stop()
        self.bulkhead.withdraw_report()
        self.failures = 0

    def require_closed(self) -> None:
        """Raise ``Unavailable`` while the server is known to be unavailable."""
        if not self.breaker.is_open and self.bulkhead.is_outage_reported:
            self.breaker.open()  # another process has detected it
        if self.breaker.is_open and not self.breaker.lets_pass():
            raise Unavailable("the store has not answered before, and is probed until it does")

    def note_failure(self, error: Unavailable, seconds: float) -> None:
        """Count a failure, which may open the breaker."""
        self.failures += 1
        if seconds < LONG_SECONDS and self.failures < QUICK_FAILURES:
            return
        self.failures = 0
        if seconds >= LONG_SECONDS:
            self.bulkhead.report_outage()
        if self.breaker.open():
            _logger.warning("The store is unavailable, its requests fail at once: %s", error)

    def _probe(self) -> bool:
        answers = self._store.answers()
        if answers:
            self.bulkhead.withdraw_report()
        elif self.bulkhead.is_outage_reported:
            self.bulkhead.report_outage()  # a report expires, so it is renewed
        return answers


@dataclass
class Contact:
    """One request to a server, or one wait for the rest of its answer (``continues``)."""

    guard: Guard
    size: int
    continues: bool
    holder: int | None = None
    began: float = 0.0

    def __enter__(self) -> None:
        if not self.continues:
            self.guard.require_closed()
        holder = priority.waiting_thread()
        if holder is not None:
            places = self.guard.bulkhead
            try:
                # a response that has begun goes on in any case, and does not wait for a place
                if self.continues:
                    has_place = places.take_free(holder)
                else:
                    has_place = places.enter(holder, self.size)
            except Full:
                raise Unavailable("too many requests wait for the store") from None
            if has_place:
                self.holder = holder
        self.began = time.monotonic()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.holder is not None:
            self.guard.bulkhead.leave(self.holder)
        if isinstance(exc, Unavailable):
            self.guard.note_failure(exc, time.monotonic() - self.began)
        else:
            self.guard.failures = 0


_guards: dict[tuple[str, str], Guard] = {}


def guard_of(store: ObjectStore) -> Guard | None:
    """Return the guard of a store; None if it has no server."""
    name = store.endpoint, store.container
    guard = _guards.get(name)
    if guard is None and store.endpoint:
        guard = _guards.setdefault(name, Guard(store))
    return guard


def forget_outages() -> None:
    """Let the requests to every store pass; for tests, which take servers away."""
    for guard in _guards.values():
        guard.forget()


def contact(store: ObjectStore, size: int, continues: bool) -> AbstractContextManager[None]:
    """Return the context manager that encloses a request; see ``ObjectStore.contact``."""
    guard = _guards.get((store.endpoint, store.container)) or guard_of(store)
    return Contact(guard, size, continues) if guard else nullcontext()
