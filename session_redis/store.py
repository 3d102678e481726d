"""The session store: core's own policy over Redis.

``RedisSessionStore`` subclasses the file store of the running series. Which ids are valid,
how they are made and when they rotate stays core's; reading and writing is replaced::

    get             GET; where there is nothing, both forms of the key (see keys)
    save            SET with EX, and the identifier's index; nothing when unchanged
    rotate          SET of the new, DEL of the old, and the indexes
    delete          DEL

A write is one MULTI/EXEC: one round trip, of which a crash leaves all or nothing. On Redis
Cluster it is one for each of the slots, which are two in a hard rotation: the new id is
written before the old one goes.

When Redis is unavailable, ``get``, ``delete`` and hard rotations (log-in, log-out) raise
``SessionStoreUnavailable``, a 503. A plain ``save`` and a soft rotation are given up with an
error in the log: they happen while a user's work is being committed, and must not undo it.

store -> connection       the client, outages and what to try again
      -> commands         round trips, what was read judged
      -> transaction      what core's policy wants written
      -> database         a PostgreSQL that is away makes core log nobody out
      -> lifetime, keys, encoding
"""

import logging
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from odoo import http

from odoo.addons.cloud_settings.operations import Operation, count

from .breaker import BACKEND, COMPONENT
from .commands import Command, Found, exist, fetch, members, size, write, write_unless_changed
from .compat import HAS_OLD_IDS
from .connection import Connection, redis_errors_as_unavailable
from .database import keep_logged_in
from .encoding import encode
from .exceptions import SessionStoreUnavailable
from .keys import SHORT_ID, Keys, shorten
from .lifetime import Lifetimes
from .sessionless import is_without_session
from .settings import RedisSettings
from .transaction import Stored, StoredSession, Transaction, has_index, values_of

_logger = logging.getLogger(__name__)

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
        self._warned = False

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
                entry = self.keys.entry(sid) if self.keys.old_first else ()
                found = self.connection.run(lambda client: fetch(client, keys, entry))
                operation.bytes = found.size
        except SessionStoreUnavailable:
            if not is_without_session():
                raise
            return self._unsaved()
        values = found.values()
        if values is None:
            if found.unreadable:
                self._warn(found.unreadable)
        else:
            is_over, is_due = self.lifetimes.judge(values, found.stamp)
            if not is_over:
                return self._session(sid, values, found, is_due)
        return self.new() if self.renew_missing else self.session_class({}, sid, False)

    def _session(
        self, sid: str, values: dict[str, Any], found: Found, is_due: bool
    ) -> StoredSession:
        session = StoredSession.of_values(values, sid)
        is_indexed = has_index(sid, values)
        # a release before 3.0 may write the old key at any time
        if self.keys.old_first or found.old:
            # and writes no index
            is_due = found.old or (is_indexed and not found.is_indexed)
        else:
            session.stored = Stored(sid, found.body, found.stamp, is_indexed)
            # a user's request is a use of the session; a look at it, as by an open websocket,
            # is none
            is_due = found.stamp is None or (is_due and bool(http.request))
        if is_due:
            self._rewrite(session, found)
        return session

    def _warn(self, reason: str) -> None:
        count(COMPONENT, "payload_unreadable", BACKEND)
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        _logger.log(level, "A session in Redis is unreadable, its user is logged out: %s", reason)

    def _unsaved(self) -> Any:
        session = self.new()
        session.can_save = False
        return session

    def _rewrite(self, session: Any, found: Found) -> None:
        """Write what was read once more: it lives longer, and under the present key.

        Not over what another request has written since, and not when it was deleted.
        """
        keys = self.keys.of(session.sid)
        transaction = Transaction(self)
        transaction.save(session)

        def rewrite(client: Any) -> bool:
            return write_unless_changed(
                client,
                keys,
                lambda: transaction.commands if found.is_still(fetch(client, keys)) else None,
            )

        try:
            if self.connection.run(rewrite):
                transaction.done()
        except SessionStoreUnavailable:
            # the session was read, and later reads will do it
            return

    # Writing

    def save(self, session: Any) -> None:
        """Write ``session``, unless Redis holds it as it is."""
        if http.request:
            self.lifetimes.learn(http.request.env)
        values = values_of(session)
        if not values.get("db"):
            keep_logged_in()
        body = encode(values)
        stored = getattr(session, "stored", None)
        if stored and stored.sid == session.sid and stored.body == body:
            return
        transaction = Transaction(self)
        transaction.save(session, body)
        try:
            self.send("save", transaction)
        except SessionStoreUnavailable:
            count(COMPONENT, "save_lost", BACKEND)
            _logger.error("Session %s… was not saved", shorten(session.sid))

    def delete(self, session: Any) -> None:
        with self.transaction("delete") as transaction:
            transaction.delete(session)

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        """Delete all sessions whose ids begin with one of ``identifiers``."""
        with self.transaction("delete") as transaction:
            transaction.delete_from_identifiers(identifiers)

    def delete_old_sessions(self, session: Any) -> None:
        """As Odoo 19's, but no other request finds the session missing in between."""
        # each request asks
        if "gc_previous_sessions" in session:
            with self.transaction("delete") as transaction:
                transaction.delete_old_sessions(session)

    def rotate(self, session: Any, env: Any, soft: bool = False) -> None:
        """Give ``session`` another id, as core's; ``soft`` is known from Odoo 19."""
        self.lifetimes.learn(env)
        if soft:
            self._rotate_softly(session, env)
            return
        with self.transaction("rotate") as transaction:
            transaction.rotate(session, env)

    def _rotate_softly(self, session: Any, env: Any) -> None:
        for _attempt in range(SOFT_ROTATION_ATTEMPTS):
            try:
                with Operation(COMPONENT, "rotate", BACKEND):
                    rotated = self.connection.run(
                        lambda client: self._try_soft_rotation(client, session, env)
                    )
            except SessionStoreUnavailable:
                break
            if rotated is not None:
                session.update(rotated)
                session.sid = rotated.sid
                session.should_rotate = rotated.should_rotate
                return
        count(COMPONENT, "rotation_postponed", BACKEND)
        _logger.error("The rotation of session %s… is postponed", shorten(session.sid))

    def _try_soft_rotation(self, client: Any, session: Any, env: Any) -> Any:
        """Return the session with its next id, or None when another request was faster."""
        rotated = self.session_class(dict(session), session.sid)
        transaction = Transaction(self)

        def rotate() -> Sequence[Command]:
            transaction.recent = self.get(session.sid)
            # a log-out in another request has the last word
            if transaction.recent:
                transaction.rotate(rotated, env, soft=True)
            return transaction.commands

        # two requests may both find no next id: the one that writes second fails,
        # looks again, and finds the id that the first has written
        if not write_unless_changed(client, self.keys.of(session.sid), rotate):
            return None
        transaction.done()
        return rotated

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

    def siblings(self, identifiers: Iterable[str]) -> Iterator[tuple[str, "list[str]"]]:
        """Yield each identifier with the rests of the ids of its sessions."""
        asked = list(identifiers)
        keys = [self.keys.index(one) for one in asked]
        yield from zip(
            asked, self.connection.run(lambda client: members(client, keys)), strict=True
        )

    # Sending

    @contextmanager
    def transaction(self, name: str) -> Iterator[Transaction]:
        """Collect writes and send them at the end.

        :raises SessionStoreUnavailable: when they may not have been written
        """
        transaction = Transaction(self)
        yield transaction
        self.send(name, transaction)

    def send(self, name: str, transaction: Transaction) -> None:
        """Send all that was collected, or nothing; on Redis Cluster that is so for each slot."""
        slots = list(transaction.slots.values())
        if len(slots) > 1:
            if self.connection.is_cluster:
                # what only deletes goes last, see above
                slots.sort(key=lambda slot: all(command[0] != "SET" for command in slot))
            else:
                slots = [[command for slot in slots for command in slot]]
        wait_ms = 0 if name == "save" else self.connection.replica_wait_ms
        with Operation(COMPONENT, name, BACKEND) as operation:
            for commands in slots:
                operation.bytes += size(commands)
                self.connection.run(partial(write, commands=commands, wait_ms=wait_ms))
        transaction.done()

    # Last, because from here on the name means this method

    def list(self) -> list[str]:
        """Return the ids of all sessions; reads the whole keyspace, for an operator."""
        sids = set()
        with redis_errors_as_unavailable():
            for pattern in self.keys.patterns:
                for key in self.connection.client.scan_iter(match=pattern, count=1000):
                    sids.add(self.keys.sid(key.decode()))
        return sorted(sid for sid in sids if sid)
