"""Whether Redis does all that a request needs: what it does is done with a session of nobody.

A log-in, a request that reads and changes its session, the list of devices and a log-out go
through the store's own operations, so that no command which a request sends is left out. The
start of a server and its readiness ask this; the circuit breaker asks less, and more often.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ..compat import HAS_IDENTIFIERS
from ..redis_io.connection import PROBES, Connection, redis_error_classes, without_session_ids
from ..session_store.keys import IDENTIFIER_LENGTH
from ..session_store.store import RedisSessionStore
from ..session_store.write_batch import Transaction
from ..settings import RedisSettings

Answer = TypeVar("Answer")

# of a probe that could not delete its session
LIFETIME_SECONDS = 60
# no user has this number, and the session has no token: it authenticates nobody
NO_USER = -1


class ProbeConnection(Connection):
    """A connection that asks once and raises the errors of redis-py; it has no open breaker."""

    def run(self, ask: Callable[[Any], Answer]) -> Answer:
        return ask(self.client)


class Lost(Exception):
    """Redis took a session, and has another one or none."""


def probe(settings: RedisSettings, connection: ProbeConnection) -> None:
    """Do with a session what requests do.

    :raises redis.RedisError: when Redis cannot be used
    :raises Lost: when it does not keep what was written
    """
    store = RedisSessionStore(settings, connection=connection)
    # on a Cluster, sessions are on all nodes
    for _number in range(PROBES if connection.is_cluster else 1):
        _visit(store)


def problem(settings: RedisSettings) -> str:
    """Return why Redis cannot be used now; nothing if it can."""
    connection = ProbeConnection(settings)
    try:
        probe(settings, connection)
    except Lost as error:
        return str(error)
    except redis_error_classes() as error:
        return f"{type(error).__name__}: {without_session_ids(str(error))}"
    finally:
        connection.close()
    return ""


def _visit(store: RedisSessionStore) -> None:
    session = store.new()
    session.update(uid=NO_USER, expiration=LIFETIME_SECONDS)
    try:
        _write(store, "save", session)
        _use(store, session.sid)
    finally:
        _write(store, "delete", session)
    if store.get(session.sid).sid == session.sid:
        raise Lost("a session that was deleted is still there")


def _use(store: RedisSessionStore, sid: str) -> None:
    found = store.get(sid)
    if found.sid != sid or found.get("uid") != NO_USER:
        raise Lost("a session that was written is not found")
    found["context"] = {"probe": True}
    _write(store, "save", found)
    if HAS_IDENTIFIERS and store.get_missing_session_identifiers([sid[:IDENTIFIER_LENGTH]]):
        raise Lost("a session that was written is not listed")


def _write(store: RedisSessionStore, name: str, session: Any) -> None:
    transaction = Transaction(store)
    getattr(transaction, name)(session)
    store.send(name, transaction)
