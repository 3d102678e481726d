"""Reads sessions from Redis, in the present form or an earlier one.

A session under its usual key counts if its payload names its id and, for a user, if its index
lists it. The sessions of earlier releases have neither: they are taken over once, unless a
tombstone says that the session has ended or was taken over before. This is one conditional write,
so it cannot undo a log-out, and no reader sees half of it.
"""

import logging
from typing import Any

from odoo import http

from odoo.addons.cloud_base.events.operations import Operation, count

from ..exceptions import SessionStoreUnavailable
from ..redis_io.commands import ENDED, Lookup, read_any_form, read_session, seconds_left
from ..redis_io.connection import BACKEND, COMPONENT, Connection
from ..serialization.payload import Payload, UnreadablePayload, read_payload
from .lifetime import Age
from .policy import SessionPolicy
from .sender import Sender
from .stored_session import Stored, StoredSession, has_index, owner_of, stored_of, values_of
from .write_batch import WriteBatch

# the name that operators know
_logger = logging.getLogger(f"{__package__}.store")

# each failure is the success of another request
TAKE_OVER_ATTEMPTS = 4
# values that a request which began before a rotation must not undo
ROTATION = ("next_sid", "deletion_time")


class Reader:
    """Reads sessions over ``connection``; ``sender`` writes those that it takes over."""

    def __init__(self, policy: SessionPolicy, connection: Connection, sender: Sender) -> None:
        self._policy = policy
        self._keys = policy.keys
        self._connection = connection
        self._sender = sender
        self._has_warned = False

    # pylint: disable-next=method-required-super
    def read(self, sid: str, keys: list[str], operation: Operation) -> StoredSession | None:
        """Return the session ``sid``; None if it does not exist or has ended.

        :param keys: the keys that may hold it
        """
        for _attempt in range(TAKE_OVER_ATTEMPTS):
            lookup = self._look_up(sid, keys)
            operation.bytes = lookup.size
            payload = self._valid_payload(sid, lookup)
            if payload is None:
                return None
            has_ended, is_due = self._age(payload, lookup)
            if has_ended:
                return None
            session = self._session(sid, payload, lookup)
            # a request of the user is a use of the session, unlike the reads of an open websocket
            is_used = is_due and bool(http.request)
            if not self._is_earlier_form(sid, payload, lookup):
                if is_used:
                    self._prolong(session)
                return session
            if self._take_over(session, payload, lookup, is_used):
                return session
        return None

    def inspect(self, sid: str) -> tuple[Lookup, Payload | None]:
        """Return the state of a session in Redis; its payload is None if it has ended."""
        lookup = self._look_up(sid, self._keys.session_keys(sid))
        payload = self._valid_payload(sid, lookup)
        if payload is not None and self._age(payload, lookup).has_ended:
            payload = None
        return lookup, payload

    def may_replace(self, session: Any) -> bool:
        """Look up a session whose save was refused; return True if it may be saved over that.

        It may replace another state of the session of the same user, like with core's files.
        """
        last, sid = stored_of(session), session.sid
        lookup, payload = self.inspect(sid)
        values = values_of(session)
        if payload is None:
            if not self._is_replaceable(sid, lookup, last):
                return False
            # not a session, or not any more: ours may take its place
            payload = Payload(values, b"", None, None)
        elif owner_of(payload.values) != (last.owner if last else owner_of(values)):
            return False
        session.stored = Stored.from_lookup(sid, lookup, payload)
        for name in ROTATION:
            if name in payload.values:
                values.setdefault(name, payload.values[name])
        return True

    def _is_replaceable(self, sid: str, lookup: Lookup, last: Stored | None) -> bool:
        """Return True if the payload is not a session that has ended since it was read."""
        if not isinstance(lookup.payload, bytes):
            return False
        if last is None:
            return True
        is_unlisted = last.is_indexed and not lookup.is_indexed
        return not is_unlisted and not _is_readable(sid, lookup)

    def _look_up(self, sid: str, keys: list[str]) -> Lookup:
        entry = self._keys.index_entry(sid)
        # a release before 3.0 may write the old key at any time, also after a log-out
        if not self._keys.writes_old_keys:
            lookup = self._connection.run(lambda client: read_session(client, keys[0], entry))
            if lookup.payload or len(keys) == 1:
                return lookup
        tombstones = self._keys.tombstones(sid) if len(keys) > 1 else ()
        return self._connection.run(lambda client: read_any_form(client, keys, entry, tombstones))

    def _valid_payload(self, sid: str, lookup: Lookup) -> Payload | None:
        """Return the payload of a session; None if it is not one, or was ended."""
        if not lookup.payload:
            return None
        try:
            payload = _payload_of(sid, lookup)
        except UnreadablePayload as error:
            self._report_unreadable(error)
            return None
        if self._has_tombstone(lookup):
            return None
        if payload.has_owner and not lookup.is_indexed and has_index(sid, payload.values):
            return None
        return payload

    def _report_unreadable(self, error: UnreadablePayload) -> None:
        count(COMPONENT, "payload_unreadable", BACKEND)
        level = logging.DEBUG if self._has_warned else logging.WARNING
        self._has_warned = True
        _logger.log(level, "A session in Redis is unreadable, its user is logged out: %s", error)

    def _has_tombstone(self, lookup: Lookup) -> bool:
        """Return True if a tombstone ends the form of the session that was found."""
        if lookup.is_other_key and not self._keys.writes_old_keys:
            # by any of them it has ended, or was taken over before
            return bool(lookup.tombstones)
        return ENDED in lookup.tombstones

    def _age(self, payload: Payload, lookup: Lookup) -> Age:
        lifetimes = self._policy.lifetimes
        is_own_clock = payload.clock == lifetimes.clock
        age = lifetimes.age_by_stamp(payload.values, payload.stamp, is_own_clock)
        if is_own_clock or not age.has_ended:
            return age
        left = self._connection.run(lambda client: seconds_left(client, lookup.key))
        return lifetimes.age_by_redis(payload.values, payload.stamp, left)

    def _session(self, sid: str, payload: Payload, lookup: Lookup) -> StoredSession:
        session = StoredSession.from_values(payload.values, sid)
        session.stored = Stored.from_lookup(sid, lookup, payload)
        if self._keys.writes_old_keys:
            # a release before 3.0 may change it at any time: no save is superfluous
            session.stored = session.stored._replace(body=b"")
        return session

    def _is_earlier_form(self, sid: str, payload: Payload, lookup: Lookup) -> bool:
        if lookup.is_other_key:
            return True
        if self._keys.writes_old_keys:
            # a release before 3.0 writes no index
            return has_index(sid, payload.values) and not lookup.is_indexed
        return not payload.has_owner

    def _take_over(
        self, session: StoredSession, payload: Payload, lookup: Lookup, is_used: bool
    ) -> bool:
        """Write a session in its present form; return False if it has ended or changed."""
        batch = WriteBatch(self._policy)
        batch.take_over(session, lookup, payload.stamp, is_used)
        try:
            return self._sender.send("save", batch)
        except SessionStoreUnavailable:
            # the session was read, and a later read will take it over
            return True

    def _prolong(self, session: StoredSession) -> None:
        """Write an unchanged session with a new lifetime, unless it was changed or deleted."""
        batch = WriteBatch(self._policy)
        batch.save(session)
        try:
            self._sender.send("save", batch)
        except SessionStoreUnavailable:
            # the session was read, and a later read will prolong it
            return


def _payload_of(sid: str, lookup: Lookup) -> Payload:
    if not isinstance(lookup.payload, bytes):
        raise UnreadablePayload("the key is of another type")
    return read_payload(lookup.payload, sid)


def _is_readable(sid: str, lookup: Lookup) -> bool:
    try:
        _payload_of(sid, lookup)
    except UnreadablePayload:
        return False
    return True
