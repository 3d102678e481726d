"""The session store: core's own policy over Redis.

``RedisSessionStore`` subclasses the file store of the running series. Which ids are valid,
how they are made and when they rotate stays core's; reading and writing is replaced::

    get             GET, and whether the index lists it; where there is nothing, both keys
    save            SET with EX, and the identifier's index; nothing when unchanged
    rotate          SET of the new, DEL of the old, and the indexes
    delete          DEL of all sessions of the identifier, and a mark

A write happens as a whole or not at all, in one round trip, and only while Redis holds what the
decision to write was made on (see ``conditional_write``). On Redis Cluster that is so for each of
the slots, which are two in a hard rotation: the new id is written before the old one goes.

When Redis is unavailable, ``get``, ``delete`` and hard rotations (log-in, log-out) raise
``SessionStoreUnavailable``, a 503. A plain ``save`` and a soft rotation are given up with an
error in the log: they happen while a user's work is being committed, and must not undo it. So is
the ``save`` of a session that has ended meanwhile, which must not come back.

store -> connection          the client, outages and what to try again
      -> reading             what Redis holds of a session, in any form
      -> transaction         what core's policy wants written
      -> conditional_write   writes that depend on what Redis holds
      -> database            a PostgreSQL that is away makes core log nobody out
      -> lifetime, keys, encoding
"""

import logging
import secrets
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

from odoo import http

from odoo.addons.cloud_base.events.operations import Operation, count

from ..compat import HAS_OLD_IDS
from ..exceptions import SessionStoreUnavailable
from ..postgresql_outage import keep_logged_in
from ..redis_io.circuit_breaker import BACKEND, COMPONENT
from ..redis_io.commands import Found, exist, size
from ..redis_io.conditional_write import write_if
from ..redis_io.connection import Connection, redis_errors_as_unavailable
from ..serialization.tagged_json import encode
from ..sessionless import is_without_session
from ..settings import RedisSettings
from .keys import SHORT_ID, Keys, shorten
from .lifetime import Lifetimes
from .reader import Reader
from .stored_session import Stored, StoredSession, owner_of, stored_of, values_of
from .write_batch import Transaction, as_commands

_logger = logging.getLogger(__name__)

# each failure is the success of another request
SAVE_ATTEMPTS = 8
SOFT_ROTATION_ATTEMPTS = 8


class RedisSessionStore(http.FilesystemSessionStore):
    """Sessions in Redis; ``path`` is only for those that read it, nothing is written there."""

    def __init__(
        self,
        settings: RedisSettings,
        path: str | None = None,
        renew_missing: bool = True,
        connection: Connection | None = None,
    ) -> None:
        super().__init__(path, session_class=StoredSession, renew_missing=renew_missing)
        self.connection = connection or Connection(settings)
        self.keys = Keys(
            settings.prefix, self.is_valid_key, self.connection.is_cluster, settings.old_keys
        )
        self.lifetimes = Lifetimes(settings)
        self._reader = Reader(self)

    def is_valid_key(self, key: str) -> bool:
        return super().is_valid_key(key) or (HAS_OLD_IDS and bool(SHORT_ID.fullmatch(key)))

    def generate_key(self, salt: bytes | None = None) -> str:
        # a release before 3.0 refuses those that core makes now
        if HAS_OLD_IDS and self.keys.old_first:
            return secrets.token_hex(20)
        return str(super().generate_key(salt))

    # Reading

    def get(self, sid: str) -> Any:
        """Return the session ``sid``; an empty, new one when there is none.

        :raises SessionStoreUnavailable: rather than show a user as nobody
        """
        try:
            keys = self.keys.of(sid)
        except ValueError:
            return self.new()
        try:
            with Operation(COMPONENT, "read", BACKEND) as operation:
                session = self._reader.read(sid, keys, operation)
        except SessionStoreUnavailable:
            if not is_without_session():
                raise
            return self._unsaved()
        if session is not None:
            return session
        return self.new() if self.renew_missing else self.session_class({}, sid, False)

    def _unsaved(self) -> Any:
        session = self.new()
        session.can_save = False
        return session

    def look(self, sid: str) -> tuple[Found, dict[str, Any] | None]:
        """Return what Redis holds of a session and its values, which are None if it has ended."""
        return self._reader.look(sid)

    # Writing

    def save(self, session: Any) -> None:
        """Write ``session``, unless Redis holds it as it is, or it has ended."""
        if http.request:
            self.lifetimes.learn(http.request.env)
        if not values_of(session).get("db"):
            keep_logged_in()
        try:
            for _attempt in range(SAVE_ATTEMPTS):
                body = encode(values_of(session))
                stored = stored_of(session)
                if stored and stored.body == body:
                    return
                transaction = Transaction(self)
                transaction.save(session, body)
                if self.send("save", transaction):
                    return
                if not self._reader.may_replace(session):
                    count(COMPONENT, "save_refused", BACKEND)
                    _logger.info("Session %s… has ended: it is not saved", shorten(session.sid))
                    return
        except SessionStoreUnavailable as error:
            _logger.debug("Not saved: %s", error)
        count(COMPONENT, "save_lost", BACKEND)
        _logger.error("Session %s… was not saved", shorten(session.sid))

    def delete(self, session: Any) -> None:
        """Delete ``session``, and whatever else its identifier has."""
        transaction = Transaction(self)
        transaction.delete(session)
        self.send("delete", transaction)

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        """Delete all sessions whose ids begin with one of ``identifiers``."""
        transaction = Transaction(self)
        transaction.delete_from_identifiers(identifiers)
        self.send("delete", transaction)
        if transaction.slots and not transaction.forgotten:
            _logger.info("Redis has no session of the identifiers that are revoked")

    def delete_old_sessions(self, session: Any) -> None:
        """As Odoo 19's, but no other request finds the session missing in between."""
        # each request asks
        if "gc_previous_sessions" in session:
            transaction = Transaction(self)
            transaction.delete_old_sessions(session)
            self.send("delete", transaction)

    def rotate(self, session: Any, env: Any, soft: bool = False) -> None:
        """Give ``session`` another id, as core's; ``soft`` is known from Odoo 19."""
        self.lifetimes.learn(env)
        if soft:
            self._rotate_softly(session, env)
            return
        last = stored_of(session)
        transaction = Transaction(self)
        transaction.rotate(session, env)
        if last and last.owner[1] and last.owner == owner_of(values_of(session)):
            self._send_unless_ended(transaction, last)
        else:
            self.send("rotate", transaction)

    def _send_unless_ended(self, transaction: Transaction, last: Stored) -> None:
        """Send a rotation: who was logged out meanwhile does not come back by another id."""
        for _attempt in range(SAVE_ATTEMPTS):
            transaction.need_this_alone(last)
            if self.send("rotate", transaction):
                return
            found, values = self.look(last.sid)
            if values is None or owner_of(values) != last.owner:
                break
            last = Stored.from_found(last.sid, found, values)
        _logger.info("Session %s… has ended: it gets no other id", shorten(last.sid))

    def _rotate_softly(self, session: Any, env: Any) -> None:
        last = stored_of(session)
        owner = last.owner if last else owner_of(values_of(session))
        # two requests may both find no next id: the one that writes second fails, looks again,
        # and finds the id that the first has written
        for _attempt in range(SOFT_ROTATION_ATTEMPTS):
            try:
                recent = self.get(session.sid)
                if not recent or owner_of(values_of(recent)) != owner:
                    # a log-out in another request has the last word
                    return
                if self._try_soft_rotation(session, recent, env):
                    return
            except SessionStoreUnavailable:
                break
        count(COMPONENT, "rotation_postponed", BACKEND)
        _logger.error("The rotation of session %s… is postponed", shorten(session.sid))

    def _try_soft_rotation(self, session: Any, recent: Any, env: Any) -> bool:
        """Give ``session`` its next id unless Redis holds another one than ``recent``."""
        rotated = self.session_class(dict(session), session.sid)
        rotated.stored = stored_of(recent)
        transaction = Transaction(self)
        transaction.recent = recent
        transaction.rotate(rotated, env, soft=True)
        if transaction.slots and not self.send("rotate", transaction):
            return False
        session.update(rotated)
        session.sid = rotated.sid
        session.should_rotate = rotated.should_rotate
        session.stored = rotated.stored
        return True

    def vacuum(self, max_lifetime: int | None = None) -> None:
        """Remember what the database says; Redis forgets sessions by itself."""
        if max_lifetime is not None:
            database = getattr(threading.current_thread(), "dbname", None)
            self.lifetimes.learn_of_vacuum(database, max_lifetime)

    # Identifiers

    def get_missing_session_identifiers(self, identifiers: Iterable[str]) -> set[str]:
        """Return those of ``identifiers`` that no user's session begins with."""
        asked = list(set(identifiers))
        keys = [self.keys.of_identifier(one) for one in asked]
        with Operation(COMPONENT, "read", BACKEND):
            found = self.connection.run(lambda client: exist(client, keys))
        return {identifier for identifier, exists in zip(asked, found, strict=True) if not exists}

    # Sending

    def send(self, name: str, transaction: Transaction) -> bool:
        """Send all that was collected; return False when its conditions do not hold any more.

        :raises SessionStoreUnavailable: when it may not have been written
        """
        batches = transaction.batches
        if not batches:
            return True
        wait_ms = 0 if name == "save" else self.connection.replica_wait_ms
        with Operation(COMPONENT, name, BACKEND) as operation:
            operation.bytes = size(as_commands(batches))
            for batch in batches:
                outcome = self.connection.run(partial(write_if, batch=batch, wait_ms=wait_ms))
                if outcome.refused:
                    return False
                transaction.forgotten += outcome.forgotten
        transaction.done()
        return True

    # Last, because from here on the name means this method

    def list(self) -> list[str]:
        """Return the ids of all sessions; reads the whole keyspace, for an operator."""
        sids = set()
        with redis_errors_as_unavailable():
            for pattern in self.keys.patterns:
                for key in self.connection.client.scan_iter(match=pattern, count=1000):
                    sids.add(self.keys.sid(key.decode()))
        return sorted(sid for sid in sids if sid)
