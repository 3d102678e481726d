"""The session store: core's own policy over Redis.

``RedisSessionStore`` subclasses the file store of the running series. Which ids are valid,
how they are made and when they rotate stays core's; reading and writing is replaced::

    get             MGET and PTTL, in one round trip
    save            SET with EX, and the identifier's index
    rotate          DEL of the old, SET of the new, and the indexes
    delete          DEL

A write is one MULTI/EXEC: one round trip, of which a crash leaves all or nothing.

Keys, where ``<prefix>:`` is absent without a prefix:

``session:<prefix>:<session id>``
    the session, see ``encoding``
``session:<prefix>:<first 42 characters>``
    its index: a hash whose fields are the rests of the ids of a user's sessions that begin
    so. Devices are revoked by these 42 characters; a KEYS or SCAN would read the whole server
``session::<prefix>:<session id>``
    as earlier releases of this addon wrote sessions: read where the first is missing,
    deleted with it

When Redis is unavailable, ``get``, ``delete`` and hard rotations (log-in, log-out) raise
``SessionStoreUnavailable``, a 503. A plain ``save`` and a soft rotation are given up with an
error in the log: they happen while a user's work is being committed, and must not undo it.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from odoo import http

from .connection import Connection, redis_errors_as_unavailable
from .encoding import decode, encode
from .exceptions import SessionStoreUnavailable
from .lifetime import Lifetimes
from .settings import RedisSettings
from .transaction import StoredSession, Transaction

_logger = logging.getLogger(__name__)

IDENTIFIERS_A_ROUND_TRIP = 5000
SOFT_ROTATION_ATTEMPTS = 5
# a session is prolonged when this part of its lifetime has passed, not at every read
PROLONG_AFTER = 0.1


class RedisSessionStore(http.FilesystemSessionStore):
    """Sessions in Redis; ``path`` is only for those that read it, nothing is written there."""

    def __init__(
        self, settings: RedisSettings, path: str | None = None, renew_missing: bool = True
    ) -> None:
        super().__init__(path, session_class=StoredSession, renew_missing=renew_missing)
        self.connection = Connection(settings)
        self._settings = settings
        self.lifetimes = Lifetimes(settings)
        self._warned = False

    # Keys

    def key(self, name: str) -> str:
        """Return the key of a session id, or of the first 42 characters of one."""
        prefix = self._settings.prefix
        return f"session:{prefix}:{name}" if prefix else f"session:{name}"

    def keys(self, sid: str) -> list[str]:
        """Return the keys that may hold the session ``sid``, in the order of reading."""
        if not self.is_valid_key(sid):
            raise ValueError(f"Invalid session id {shorten(sid)!r}")
        prefix = self._settings.prefix
        return [self.key(sid), f"session::{prefix}:{sid}"] if prefix else [self.key(sid)]

    # Reading

    def get(self, sid: str) -> Any:
        """Return the session ``sid``; an empty, new one when there is none.

        :raises SessionStoreUnavailable: rather than show a user as nobody
        """
        if not self.is_valid_key(sid):
            return self.new()
        try:
            with redis_errors_as_unavailable():
                pipe = self.connection.client.pipeline(transaction=False)
                pipe.mget(self.keys(sid))
                pipe.pttl(self.key(sid))
                (payload, *older), milliseconds = pipe.execute()
        except SessionStoreUnavailable:
            if not is_for_static_file():
                raise
            return self._unsaved()
        session = self._session(sid, payload or next(filter(None, older), None))
        if session is None:
            return self.new() if self.renew_missing else self.session_class({}, sid, False)
        if payload:
            session.remember(payload)
            self._prolong(session, milliseconds)
        return session

    def _session(self, sid: str, payload: bytes | None) -> Any:
        if not payload:
            return None
        try:
            return self.session_class(decode(payload), sid, False)
        except (TypeError, ValueError) as error:
            level = logging.DEBUG if self._warned else logging.WARNING
            self._warned = True
            _logger.log(
                level, "A session in Redis is unreadable, its user is logged out: %s", error
            )
            return None

    def _unsaved(self) -> Any:
        session = self.new()
        session.can_save = False
        return session

    def _prolong(self, session: Any, milliseconds: int) -> None:
        lifetime = self.lifetimes.known(session)
        if not lifetime or milliseconds > lifetime * 1000 * (1 - PROLONG_AFTER):
            return
        try:
            with self.transaction() as transaction:
                transaction.prolong(session)
        except SessionStoreUnavailable:
            # the session was read, and later reads will prolong it
            return

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Collect writes and send them at the end, all or none.

        :raises SessionStoreUnavailable: when they may not have been written
        """
        with redis_errors_as_unavailable():
            pipe = self.connection.client.pipeline()
            yield Transaction(self, pipe)
            pipe.execute()

    def save(self, session: Any) -> None:
        """Write ``session``, unless Redis holds it as it is."""
        self.lifetimes.learn(getattr(http.request, "env", None) if http.request else None)
        payload = encode(session)
        if getattr(session, "stored", None) == (session.sid, payload):
            return
        try:
            with self.transaction() as transaction:
                transaction.save(session, payload)
        except SessionStoreUnavailable:
            _logger.error("Session %s… was not saved", shorten(session.sid))
            return
        if isinstance(session, StoredSession):
            session.remember(payload)

    def delete(self, session: Any) -> None:
        with self.transaction() as transaction:
            transaction.delete(session)

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        """Delete all sessions whose ids begin with one of ``identifiers``."""
        with self.transaction() as transaction:
            transaction.delete_from_identifiers(identifiers)

    def delete_old_sessions(self, session: Any) -> None:
        """As Odoo 19's, but no other request finds the session missing in between."""
        with self.transaction() as transaction:
            transaction.delete_old_sessions(session)

    def rotate(self, session: Any, env: Any, soft: bool = False) -> None:
        """Give ``session`` another id, as core's; ``soft`` is known from Odoo 19."""
        self.lifetimes.learn(env)
        if soft:
            self._rotate_softly(session, env)
            return
        with self.transaction() as transaction:
            transaction.rotate(session, env)

    def _rotate_softly(self, session: Any, env: Any) -> None:
        for _attempt in range(SOFT_ROTATION_ATTEMPTS):
            try:
                rotated = self._try_soft_rotation(session, env)
            except SessionStoreUnavailable:
                break
            if rotated is not None:
                session.update(rotated)
                session.sid = rotated.sid
                session.should_rotate = rotated.should_rotate
                return
        _logger.error("The rotation of session %s… is postponed", shorten(session.sid))

    def _try_soft_rotation(self, session: Any, env: Any) -> Any:
        """Return the session with its next id, or None when another request was faster."""
        from redis import WatchError

        rotated = self.session_class(dict(session), session.sid)
        with redis_errors_as_unavailable(), self.connection.client.pipeline() as pipe:
            # two requests may both find no next id: the one that writes second fails,
            # looks again, and finds the id that the first has written
            pipe.watch(self.key(session.sid))  # type: ignore[no-untyped-call]
            pipe.multi()
            Transaction(self, pipe).rotate(rotated, env, soft=True)
            try:
                pipe.execute()
            except WatchError:
                return None
        return rotated

    def vacuum(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: Redis forgets sessions by itself."""

    def get_missing_session_identifiers(self, identifiers: Iterable[str]) -> set[str]:
        """Return those of ``identifiers`` that no user's session begins with."""
        asked = list(set(identifiers))
        missing: set[str] = set()
        with redis_errors_as_unavailable():
            for start in range(0, len(asked), IDENTIFIERS_A_ROUND_TRIP):
                batch = asked[start : start + IDENTIFIERS_A_ROUND_TRIP]
                pipe = self.connection.client.pipeline(transaction=False)
                for identifier in batch:
                    pipe.exists(self.key(identifier))
                found = zip(batch, pipe.execute(), strict=True)
                missing.update(identifier for identifier, exists in found if not exists)
        return missing

    # Last, because from here on the name means this method

    def list(self) -> list[str]:
        """Return the ids of all sessions; reads the whole keyspace, for an operator."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", self.key("")) + "*"
        with redis_errors_as_unavailable():
            found = self.connection.client.scan_iter(match=pattern, count=1000, _type="string")
            sids = [key.decode()[len(self.key("")) :] for key in found]
        return [sid for sid in sids if self.is_valid_key(sid)]


def shorten(sid: str) -> str:
    """Return what may be logged of a session id, which is as good as a password."""
    return sid[:8]


def is_for_static_file() -> bool:
    """Tell whether the current request asks for a file that needs no session."""
    request = http.request
    return bool(request) and bool(http.root.get_static_file(request.httprequest.path))
