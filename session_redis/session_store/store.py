"""The session store: core's own policy over Redis.

``RedisSessionStore`` subclasses the file store of the running series. Which ids are valid, how
they are made and when they rotate is decided by core; reading and writing is replaced::

    get             GET, and whether the index lists it; if there is nothing, both keys
    save            SET with EX, and the identifier's index; nothing for an unchanged session
    rotate          SET of the new id, DEL of the old one, and the indexes
    delete          DEL of all sessions of the identifier, and a tombstone

A write happens as a whole or not at all, in one round trip, and only while Redis holds the state
that the decision to write was based on (see ``conditional_write``). On Redis Cluster this is true
for each slot, and a hard rotation has two: the new id is written before the old one is deleted.

If Redis is unavailable, ``get``, ``delete`` and hard rotations (log-in, log-out) raise
``SessionStoreUnavailable``, a 503. A plain ``save`` and a soft rotation are given up with an error
in the log: they happen while a user's work is committed, and must not undo it. So is the ``save``
of a session that has ended since it was read, which must not come back.

store -> reader              finds sessions, in any form
      -> write_batch         collects the writes of core's policy
      -> sender              sends a batch
      -> policy              keys, lifetimes and ids, which all of them share
      -> postgresql_outage   an unavailable PostgreSQL makes core log out no user
"""

import logging
import secrets
import threading
from collections.abc import Iterable
from typing import Any

from werkzeug.exceptions import HTTPException

from odoo import http

from odoo.addons.cloud_base.events.operations import Operation, count

from ..compat import HAS_OLD_IDS
from ..exceptions import SessionStoreUnavailable
from ..postgresql_outage import keep_logged_in
from ..redis_io.commands import Lookup, exist
from ..redis_io.connection import BACKEND, COMPONENT, Connection
from ..redis_io.errors import redis_errors_as_unavailable
from ..serialization.payload import Payload
from ..serialization.tagged_json import encode
from ..settings import RedisSettings
from .keys import SHORT_ID, Keys, shorten
from .lifetime import Lifetimes
from .policy import SessionPolicy
from .reader import Reader
from .sender import Sender
from .stored_session import Stored, StoredSession, owner_of, stored_of, values_of
from .write_batch import WriteBatch

_logger = logging.getLogger(__name__)

# each failure is the success of another request
SAVE_ATTEMPTS = 8
SOFT_ROTATION_ATTEMPTS = 8


class RedisSessionStore(http.FilesystemSessionStore):
    """Sessions in Redis.

    :param path: the folder of core's session files, for code that asks for it; it is not used here
    """

    def __init__(
        self,
        settings: RedisSettings,
        path: str | None = None,
        renew_missing: bool = True,
        connection: Connection | None = None,
    ) -> None:
        super().__init__(path, session_class=StoredSession, renew_missing=renew_missing)
        self.connection = connection or Connection(settings)
        is_cluster = self.connection.is_cluster
        self.keys = Keys(settings.prefix, self.is_valid_key, is_cluster, settings.old_keys)
        self.lifetimes = Lifetimes(settings)
        self.policy = SessionPolicy(
            keys=self.keys,
            lifetimes=self.lifetimes,
            session_class=StoredSession,
            is_valid_key=self.is_valid_key,
            generate_key=self.generate_key,
            is_cluster=is_cluster,
        )
        self.sender = Sender(self.connection)
        self._reader = Reader(self.policy, self.connection, self.sender)

    def is_valid_key(self, key: str) -> bool:
        """Return True for a session id; on 18.0 also for the ids of releases before 3.0."""
        return super().is_valid_key(key) or (HAS_OLD_IDS and bool(SHORT_ID.fullmatch(key)))

    def generate_key(self, salt: bytes | None = None) -> str:
        """Return a new session id, which releases before 3.0 accept while one still runs."""
        if HAS_OLD_IDS and self.keys.writes_old_keys:
            return secrets.token_hex(20)
        return str(super().generate_key(salt))

    # Reading

    def get(self, sid: str) -> Any:
        """Return the session ``sid``; an empty, new one if it does not exist.

        :raises SessionStoreUnavailable: instead of treating a user as a visitor
        """
        try:
            keys = self.keys.session_keys(sid)
        except ValueError:
            return self.new()
        try:
            with Operation(COMPONENT, "read", BACKEND) as operation:
                session = self._reader.read(sid, keys, operation)
        except SessionStoreUnavailable:
            if not needs_no_session():
                raise
            return self._unsaved()
        if session is not None:
            return session
        return self.new() if self.renew_missing else self.session_class({}, sid, False)

    def _unsaved(self) -> Any:
        session = self.new()
        session.can_save = False
        return session

    def inspect(self, sid: str) -> tuple[Lookup, Payload | None]:
        """Return the state of a session in Redis; its payload is None if it has ended."""
        return self._reader.inspect(sid)

    # Writing

    def save(self, session: Any) -> None:
        """Write ``session``, unless Redis holds the same values, or it has ended."""
        if http.request:
            self.lifetimes.remember_parameter(http.request.env)
        if not values_of(session).get("db"):
            keep_logged_in()
        try:
            for _attempt in range(SAVE_ATTEMPTS):
                body = encode(values_of(session))
                stored = stored_of(session)
                if stored and stored.body == body:
                    return
                batch = WriteBatch(self.policy)
                batch.save(session, body)
                if self.sender.send("save", batch):
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
        """Delete ``session``, and the other sessions of its identifier."""
        batch = WriteBatch(self.policy)
        batch.delete(session)
        self.sender.send("delete", batch)

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        """Delete all sessions whose ids begin with one of ``identifiers``."""
        batch = WriteBatch(self.policy)
        batch.delete_from_identifiers(identifiers)
        self.sender.send("delete", batch)
        if batch.slot_batches and not batch.forgotten:
            _logger.info("Redis has no session of the identifiers that are revoked")

    def delete_old_sessions(self, session: Any) -> None:
        """Do the same as Odoo 19, but at once: no request finds the session missing."""
        # every request calls this
        if "gc_previous_sessions" in session:
            batch = WriteBatch(self.policy)
            batch.delete_old_sessions(session)
            self.sender.send("delete", batch)

    def rotate(self, session: Any, env: Any, soft: bool = False) -> None:
        """Give ``session`` another id, like core; only Odoo 19 passes ``soft``."""
        self.lifetimes.remember_parameter(env)
        if soft:
            self._rotate_softly(session, env)
            return
        last = stored_of(session)
        batch = WriteBatch(self.policy)
        batch.rotate(session, env)
        if last and last.owner[1] and last.owner == owner_of(values_of(session)):
            self._send_unless_ended(batch, last)
        else:
            self.sender.send("rotate", batch)

    def _send_unless_ended(self, batch: WriteBatch, last: Stored) -> None:
        """Send a hard rotation, unless the session was ended: it must not live on."""
        for _attempt in range(SAVE_ATTEMPTS):
            batch.require_only(last)
            if self.sender.send("rotate", batch):
                return
            lookup, payload = self.inspect(last.sid)
            if payload is None or owner_of(payload.values) != last.owner:
                break
            last = Stored.from_lookup(last.sid, lookup, payload)
        _logger.info("Session %s… has ended: it gets no other id", shorten(last.sid))

    def _rotate_softly(self, session: Any, env: Any) -> None:
        last = stored_of(session)
        owner = last.owner if last else owner_of(values_of(session))
        # two requests may both find no next id: the write of the second one is refused, and it
        # then finds the id that the first one has written
        for _attempt in range(SOFT_ROTATION_ATTEMPTS):
            try:
                recent = self.get(session.sid)
                if not recent or owner_of(values_of(recent)) != owner:
                    # a log-out in another request takes precedence
                    return
                if self._try_soft_rotation(session, recent, env):
                    return
            except SessionStoreUnavailable:
                break
        count(COMPONENT, "rotation_postponed", BACKEND)
        _logger.error("The rotation of session %s… is postponed", shorten(session.sid))

    def _try_soft_rotation(self, session: Any, recent: Any, env: Any) -> bool:
        """Give ``session`` its next id, if the session in Redis is still ``recent``."""
        rotated = self.session_class(dict(session), session.sid)
        rotated.stored = stored_of(recent)
        batch = WriteBatch(self.policy, recent)
        batch.rotate(rotated, env, soft=True)
        if not self.sender.send("rotate", batch):
            return False
        session.update(rotated)
        session.sid = rotated.sid
        session.should_rotate = rotated.should_rotate
        session.stored = rotated.stored
        return True

    def vacuum(self, max_lifetime: int | None = None) -> None:
        """Remember the parameter of the database; Redis deletes ended sessions itself."""
        if max_lifetime is not None:
            database = getattr(threading.current_thread(), "dbname", None)
            self.lifetimes.remember_vacuum(database, max_lifetime)

    # Identifiers

    def get_missing_session_identifiers(self, identifiers: Iterable[str]) -> set[str]:
        """Return the identifiers with which no session of a user begins."""
        candidates = list(set(identifiers))
        keys = [self.keys.keys_of_identifier(candidate) for candidate in candidates]
        with Operation(COMPONENT, "read", BACKEND):
            existing = self.connection.run(lambda client: exist(client, keys))
        pairs = zip(candidates, existing, strict=True)
        return {identifier for identifier, exists in pairs if not exists}

    # The last method: below it, the name means this method

    def list(self) -> list[str]:
        """Return the ids of all sessions; reads all keys of the server, for an operator."""
        sids = set()
        with redis_errors_as_unavailable():
            for pattern in self.keys.scan_patterns:
                for key in self.connection.client.scan_iter(match=pattern, count=1000):
                    sids.add(self.keys.session_id(key.decode()))
        return sorted(sid for sid in sids if sid)


def needs_no_session() -> bool:
    """Return True if the current request gets the same response without its session.

    Such requests are for static files, and for routes that core serves without a database and
    without ever saving a session, for example the health check of a load balancer.
    """
    request = http.request
    if not request:
        return False
    if http.root.get_static_file(request.httprequest.path):
        return True
    router = http.root.nodb_routing_map.bind_to_environ(request.httprequest.environ)
    try:
        rule, _arguments = router.match(return_rule=True)
    except HTTPException:
        return False
    routing = rule.endpoint.routing
    return routing["auth"] == "none" and not routing.get("save_session", True)
