"""What Redis holds of a session, in the present form or an earlier one.

A session counts under the present key when its payload is of its id and, for a user, its index
lists it. What an earlier release wrote has neither: it is taken over, once, unless a tombstone
says that the session has ended or was taken over before. That is one conditional write, so it
cannot undo a log-out, and no reader sees half of it.
"""

import logging
from typing import TYPE_CHECKING, Any

from odoo import http

from odoo.addons.cloud_base.events.operations import Operation, count

from ..exceptions import SessionStoreUnavailable
from ..redis_io.circuit_breaker import BACKEND, COMPONENT
from ..redis_io.commands import ENDED, Found, fetch, seconds_left
from ..serialization.tagged_json import encode
from .stored_session import Stored, StoredSession, has_index, owner_of, stored_of, values_of
from .write_batch import Transaction

if TYPE_CHECKING:
    from .store import RedisSessionStore

# the name that operators know
_logger = logging.getLogger(f"{__package__}.store")

# each failure is the success of another request
TAKE_OVER_ATTEMPTS = 4
# what a request that began before a rotation must not undo
ROTATION = ("next_sid", "deletion_time")


class Reader:
    """Reads sessions for ``store``."""

    def __init__(self, store: "RedisSessionStore") -> None:
        self._store = store
        self._warned = False

    # pylint: disable-next=method-required-super
    def read(self, sid: str, keys: list[str], operation: Operation) -> StoredSession | None:
        """Return the session ``sid``; None when there is none, or it has ended.

        :param keys: those that may hold it
        """
        session = None
        for _attempt in range(TAKE_OVER_ATTEMPTS):
            found = self.find(sid, keys)
            operation.bytes = found.size
            values = self._values(sid, found)
            if values is None:
                return None
            has_ended, is_due = self._judge(values, found)
            if has_ended:
                return None
            session = self._session(sid, values, found)
            # a user's request is a use of the session; a look at it, as by an open websocket,
            # is none
            is_used = is_due and bool(http.request)
            if not self._is_of_another_form(sid, values, found):
                if is_used:
                    self._prolong(session)
                return session
            if self._take_over(session, found, is_used):
                return session
        return None

    def find(self, sid: str, keys: list[str]) -> Found:
        """Return what Redis holds of a session under its keys."""
        names = self._store.keys
        entry = names.entry(sid)
        tombstones = names.tombstones(sid) if len(keys) > 1 else ()
        # a release before 3.0 may write the old key at any time, also after a log-out
        at_once = names.old_first
        return self._store.connection.run(
            lambda client: fetch(client, keys, entry, tombstones, at_once)
        )

    def look(self, sid: str) -> tuple[Found, dict[str, Any] | None]:
        """Return what Redis holds of a session and its values, which are None if it has ended."""
        found = self.find(sid, self._store.keys.of(sid))
        values = self._values(sid, found)
        if values is not None and self._judge(values, found)[0]:
            values = None
        return found, values

    def may_replace(self, session: Any) -> bool:
        """Look again at a session that was not saved; return True if it may be tried once more.

        It may over another state of the session of the same user, as with core's files.
        """
        last, sid = stored_of(session), session.sid
        found, values = self.look(sid)
        if values is None:
            has_ended = last and (
                not found.unreadable or (last.is_indexed and not found.is_indexed)
            )
            if has_ended or not isinstance(found.payload, bytes):
                return False
            # this is no session, or not any more: another one may take its place
            values = values_of(session)
        elif owner_of(values) != (last.owner if last else owner_of(values_of(session))):
            return False
        session.stored = Stored.from_found(sid, found, values)
        own = values_of(session)
        own.update({name: values[name] for name in ROTATION if name in values and name not in own})
        return True

    def _values(self, sid: str, found: Found) -> dict[str, Any] | None:
        """Return the values of what was found; None if it is no session, or has ended."""
        values = found.values(sid)
        if found.unreadable:
            count(COMPONENT, "payload_unreadable", BACKEND)
            level = logging.DEBUG if self._warned else logging.WARNING
            self._warned = True
            reason = found.unreadable
            _logger.log(
                level, "A session in Redis is unreadable, its user is logged out: %s", reason
            )
        if values is None or self._is_over(found):
            return None
        if found.is_bound and has_index(sid, values) and not found.is_indexed:
            return None
        return values

    def _is_over(self, found: Found) -> bool:
        """Return True if a tombstone says that an earlier form does not count any more."""
        if found.old and not self._store.keys.old_first:
            # any of them: it has ended, or was taken over before
            return bool(found.tombstones)
        return ENDED in found.tombstones

    def _judge(self, values: dict[str, Any], found: Found) -> tuple[bool, bool]:
        lifetimes = self._store.lifetimes
        is_own = found.clock == lifetimes.clock
        has_ended, is_due = lifetimes.judge(values, found.stamp, is_own)
        if is_own or not has_ended:
            return has_ended, is_due
        left = self._store.connection.run(lambda client: seconds_left(client, found.key))
        return lifetimes.judge_by_redis(values, found.stamp, left)

    def _session(self, sid: str, values: dict[str, Any], found: Found) -> StoredSession:
        session = StoredSession.of_values(values, sid)
        session.stored = Stored.from_found(sid, found, values)
        if self._store.keys.old_first:
            # a release before 3.0 may write it at any time: no save is in vain
            session.stored = session.stored._replace(body=b"")
        return session

    def _is_of_another_form(self, sid: str, values: dict[str, Any], found: Found) -> bool:
        if found.old:
            return True
        if self._store.keys.old_first:
            # which writes no index
            return has_index(sid, values) and not found.is_indexed
        return not found.is_bound

    def _take_over(self, session: StoredSession, found: Found, is_used: bool) -> bool:
        """Write a session in its present form; return False when it has ended or changed."""
        transaction = Transaction(self._store)
        transaction.take_over(session, found, encode(values_of(session)), is_used)
        try:
            return self._store.send("save", transaction)
        except SessionStoreUnavailable:
            # the session was read, and later reads will do it
            return True

    def _prolong(self, session: StoredSession) -> None:
        """Write what was read once more, so that it lives longer.

        Not over what another request has written since, and not when it was deleted.
        """
        transaction = Transaction(self._store)
        transaction.save(session)
        try:
            self._store.send("save", transaction)
        except SessionStoreUnavailable:
            # the session was read, and later reads will do it
            return
