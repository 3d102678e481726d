"""A probe of Redis with a session that belongs to no user.

It uses the operations of the store for a log-in, a request that reads and changes its session, the
list of devices and a log-out, so that each command of a request is tried. The start of a server
and its readiness do this; the circuit breaker does less, and more often.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from ..compat import HAS_IDENTIFIERS
from ..redis_io.connection import PROBES, Connection
from ..redis_io.errors import redis_error_classes, without_session_ids
from ..session_store.keys import IDENTIFIER_LENGTH
from ..session_store.store import RedisSessionStore
from ..session_store.write_batch import WriteBatch
from ..settings import RedisSettings

Answer = TypeVar("Answer")

# for a probe that could not delete its session
LIFETIME_SECONDS = 60
# no user has this id, and the session has no token: it authenticates no user
PROBE_USER = -1


class ProbeConnection(Connection):
    """A connection that tries once, raises the errors of redis-py and ignores the breaker."""

    def run(self, operation: Callable[[Any], Answer]) -> Answer:
        """Return ``operation(client)``."""
        return operation(self.client)


class SessionLost(Exception):
    """Redis accepted a session, but did not return it afterwards."""


def probe(settings: RedisSettings, connection: ProbeConnection) -> None:
    """Create, read, change and delete a session.

    :raises redis.RedisError: if Redis cannot be used
    :raises SessionLost: if Redis does not keep the session
    """
    store = RedisSessionStore(settings, connection=connection)
    # on a Cluster, sessions are on all nodes
    for _number in range(PROBES if connection.is_cluster else 1):
        _visit(store)


def problem(settings: RedisSettings) -> str:
    """Return why Redis cannot be used now; an empty text if it can."""
    connection = ProbeConnection(settings)
    try:
        probe(settings, connection)
    except SessionLost as error:
        return str(error)
    except redis_error_classes() as error:
        return f"{type(error).__name__}: {without_session_ids(str(error))}"
    finally:
        connection.close()
    return ""


def _visit(store: RedisSessionStore) -> None:
    session = store.new()
    session.update(uid=PROBE_USER, expiration=LIFETIME_SECONDS)
    try:
        _write(store, "save", session)
        _use(store, session.sid)
    finally:
        _write(store, "delete", session)
    if store.get(session.sid).sid == session.sid:
        raise SessionLost("a session that was deleted is still there")


def _use(store: RedisSessionStore, sid: str) -> None:
    session = store.get(sid)
    if session.sid != sid or session.get("uid") != PROBE_USER:
        raise SessionLost("a session that was written is missing")
    session["context"] = {"probe": True}
    _write(store, "save", session)
    if HAS_IDENTIFIERS and store.get_missing_session_identifiers([sid[:IDENTIFIER_LENGTH]]):
        raise SessionLost("the index of a session that was written is missing")


def _write(store: RedisSessionStore, operation_name: str, session: Any) -> None:
    batch = WriteBatch(store.policy)
    getattr(batch, operation_name)(session)
    store.sender.send(operation_name, batch)
