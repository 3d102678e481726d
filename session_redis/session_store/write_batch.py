"""The writes that core's policy makes of a session, collected to be sent to Redis at once.

``WriteBatch`` is a session store whose methods only collect commands. Core's ``rotate`` calls them
and so decides about the writes; ``Sender`` sends them.

The conditions of a write, without which the log-out of another request would be undone:

a session that was read         Redis holds it as it was read, and its index lists it
a session that was not read     nothing is stored under its key
the session of a user           its identifier has not ended
"""

from collections.abc import Iterable
from typing import Any

from odoo import http

from ..redis_io.commands import ENDED, Lookup
from ..redis_io.conditional_write import FORGET, FREE, LISTED, OTHER, SAME, SlotBatch
from ..serialization.payload import Stamp, write_payload
from ..serialization.tagged_json import encode
from .keys import IDENTIFIER, IDENTIFIER_LENGTH, SHORT_ID
from .policy import SessionPolicy
from .stored_session import Stored, StoredSession, has_index, owner_of, stored_of, values_of


class WriteBatch(http.FilesystemSessionStore):
    """Core's policy over a list of commands for each slot of Redis Cluster.

    :param recent: the session that a soft rotation finds under the present id
    """

    def __init__(self, policy: SessionPolicy, recent: Any = None) -> None:
        self._policy = policy
        self._keys = policy.keys
        self._lifetimes = policy.lifetimes
        self._recent = recent
        self.session_class = policy.session_class
        self._slots: dict[str, SlotBatch] = {}
        self._written: list[tuple[Any, Stored]] = []
        # the bytes of the sessions that are written
        self.payload_bytes = 0
        # the number of sessions that were ended, once the batch was sent
        self.forgotten = 0

    def generate_key(self, salt: bytes | None = None) -> str:
        """Return a new session id."""
        return self._policy.generate_key()

    def get(self, sid: str) -> Any:
        """Return the session that a soft rotation finds."""
        return self._recent

    def save(self, session: Any, body: bytes | None = None) -> None:
        """Write a session; ``body`` has its values as JSON, if they were already encoded."""
        sid, values, last = session.sid, values_of(session), stored_of(session)
        keys = self._keys.session_keys(sid)
        batch = self._slot(sid)
        is_listed = False
        if last is None:
            batch.require(FREE, keys[0])
        else:
            self._require_unchanged(batch, last)
            # by a condition, and before any command of this batch
            is_listed = last.is_indexed and not batch.commands
        if values.get("uid"):
            self._require_not_ended(batch, sid, last)
        stamp = self._lifetimes.stamp(values, last and last.stamp)
        if last and last.key != keys[0]:
            self._set_tombstone(sid, stamp.at)
        self._write(session, body or encode(values), stamp, stamp.lifetime, keys, is_listed)

    def take_over(self, session: Any, lookup: Lookup, stamp: Stamp | None, is_used: bool) -> None:
        """Write a session of an earlier form in the present form.

        :param stamp: its stamp in the earlier form
        :param is_used: prolong its lifetime; it is prolonged anyway if it was not known
        """
        sid, values = session.sid, values_of(session)
        keys = self._keys.session_keys(sid)
        batch = self._slot(sid)
        batch.require(SAME, lookup.key, lookup.payload)
        self._require_not_ended(batch, sid)
        new_stamp = self._lifetimes.stamp(values, stamp)
        lifetime: int | None = new_stamp.lifetime
        if lookup.is_other_key:
            batch.require(FREE, keys[0])
            if not self._keys.writes_old_keys:
                self._mark_as_taken_over(sid, new_stamp.at)
        elif stamp and not is_used:
            new_stamp, lifetime = stamp, None
        self._write(session, encode(values), new_stamp, lifetime, keys)

    # pylint: disable-next=method-required-super
    def copy(
        self, session: Any, body: bytes, stamp: Stamp, lookup: Lookup | None, tombstone: Any
    ) -> None:
        """Write the session of a file.

        :param lookup: the session in Redis that it replaces
        :param tombstone: the value of the tombstone of its id
        """
        keys = self._keys.session_keys(session.sid)
        batch = self._slot(session.sid)
        if lookup:
            batch.require(SAME, lookup.key, lookup.payload)
        else:
            batch.require(FREE, keys[0])
        self._require_not_ended(batch, session.sid)
        self._mark_as_taken_over(session.sid, stamp.at, tombstone)
        left = stamp.at + stamp.lifetime - self._lifetimes.stamp(values_of(session)).at
        self._write(session, body, stamp, left, keys)

    def delete(self, session: Any) -> None:
        """Delete a session, and the other sessions of its identifier."""
        sid, values, last = session.sid, values_of(session), stored_of(session)
        keys = self._keys.session_keys(sid)
        self._forget(sid)
        self._slot(sid).add("DEL", *keys)
        was_a_user = last.owner[1] if last else not session.is_new
        if was_a_user or values.get("uid"):
            lifetime = self._lifetimes.tombstone_lifetime(values)
            self._set_tombstone(sid[:IDENTIFIER_LENGTH], ENDED, lifetime)
        owner = last.owner if last else owner_of(values)
        # no payload is empty: a later save of this session is refused
        self._written.append((session, Stored(sid, keys[0], b"", b"", None, owner, False)))

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        """Delete the sessions of identifiers."""
        if isinstance(identifiers, str):
            raise ValueError("expected a list of session identifiers, not a text")
        # like core: other texts must not reach the keys of another database
        for identifier in identifiers:
            if IDENTIFIER.fullmatch(identifier):
                self._forget(identifier)
            elif SHORT_ID.fullmatch(identifier) and self._policy.is_valid_key(identifier):
                self._slot(identifier).add("DEL", *self._keys.session_keys(identifier))
            else:
                continue
            self._set_tombstone(identifier, ENDED)

    def require_only(self, last: Stored) -> None:
        """Replace the conditions for the slot of a session by those that it is as it was read."""
        batch = self._slot(last.sid)
        batch.conditions.clear()
        self._require_not_ended(batch, last.sid, last)
        self._require_unchanged(batch, last)

    @property
    def slot_batches(self) -> list[SlotBatch]:
        """The commands and conditions in the order in which they are sent."""
        batches = list(self._slots.values())
        if len(batches) < 2:
            return batches
        if self._policy.is_cluster:
            # a new session is written before the old one is deleted, unless that is its condition
            return sorted(batches, key=lambda batch: not batch.conditions)
        conditions = [condition for batch in batches for condition in batch.conditions]
        commands = [command for batch in batches for command in batch.commands]
        return [SlotBatch(conditions, commands)]

    def update_sessions(self) -> None:
        """Let the sessions remember their new state in Redis, after the batch was sent."""
        for session, stored in self._written:
            if isinstance(session, StoredSession):
                session.stored = stored

    def _slot(self, sid: str) -> SlotBatch:
        """Return the batch for the slot of a session."""
        identifier = sid[:IDENTIFIER_LENGTH]
        batch = self._slots.get(identifier)
        if batch is None:
            batch = self._slots[identifier] = SlotBatch()
        return batch

    def _write(
        self,
        session: Any,
        body: bytes,
        stamp: Stamp,
        left: int | None,
        keys: list[str],
        is_listed: bool = False,
    ) -> None:
        """Write a session with its index, unconditionally.

        :param left: the seconds until it ends; None to keep the lifetime that it has
        :param is_listed: its index lists it already
        """
        sid, values = session.sid, values_of(session)
        batch = self._slot(sid)
        if batch.commands:
            self._cancel_tombstone(batch, sid)
        is_indexed = has_index(sid, values)
        self._update_index(batch, session, stamp, is_indexed, is_listed)
        if self._keys.writes_old_keys:
            # a release before 3.0 reads plain JSON, and would keep a stamp like a value
            payload = body
        else:
            # a stamp that is kept was made by another clock
            clock = self._lifetimes.clock if left else b""
            payload = write_payload(body, stamp, sid, clock)
        self.payload_bytes += len(payload)
        batch.add("SET", keys[0], payload, *(("EX", left) if left else ("KEEPTTL",)))
        if len(keys) > 1 and self._keys.writes_old_keys:
            # otherwise its former values would be read once the old key is gone
            batch.add("DEL", *keys[1:])
        if "deletion_time" in values:
            self._end_earlier_forms(batch, sid, keys[1:])
        owner = owner_of(values)
        stored = Stored(sid, keys[0], payload, body, stamp, owner, is_indexed)
        self._written.append((session, stored))

    def _update_index(
        self, batch: SlotBatch, session: Any, stamp: Stamp, is_indexed: bool, is_listed: bool
    ) -> None:
        entry = self._keys.index_entry(session.sid)
        if entry and is_indexed:
            if not is_listed:
                # Redis stores a hash of short fields compactly; for sets it does from 7.2
                batch.add("HSET", *entry, "")
            lifetime = self._lifetimes.index_lifetime(values_of(session), stamp)
            batch.add("EXPIRE", entry[0], lifetime)
        elif entry and (last := stored_of(session)) and last.is_indexed:
            batch.add("HDEL", *entry)

    def _require_unchanged(self, batch: SlotBatch, last: Stored) -> None:
        batch.require(SAME, last.key, last.payload)
        if last.is_indexed:
            batch.require(LISTED, *self._keys.index_entry(last.sid))

    def _require_not_ended(self, batch: SlotBatch, sid: str, last: Stored | None = None) -> None:
        """Require that no tombstone ends a session.

        The tombstone of an id ends its earlier forms only, and is also set while the id still
        lives until its deletion time. It does not concern a session that is stored under its key.

        :param last: the state of the session, which is a condition too
        """
        identifier, *of_id = self._keys.tombstones(sid)
        batch.require(OTHER, identifier, ENDED)
        if last is None or last.key != self._keys.session_keys(sid)[0]:
            for tombstone in of_id:
                batch.require(OTHER, tombstone, ENDED)

    def _forget(self, sid: str) -> None:
        identifier = sid[:IDENTIFIER_LENGTH]
        if len(identifier) == IDENTIFIER_LENGTH:
            old = self._keys.old_key_start(identifier)
            self._slot(sid).add(FORGET, self._keys.index(identifier), old)

    def _mark_as_taken_over(self, sid: str, moment: int, before: bytes | None = None) -> None:
        """End the earlier forms of a session, except those that are saved after ``moment``.

        :param before: the value of its tombstone
        """
        tombstone = self._keys.tombstone(sid)
        if before is None:
            self._slot(sid).require(FREE, tombstone)
        else:
            self._slot(sid).require(SAME, tombstone, before)
        self._set_tombstone(sid, moment)

    def _set_tombstone(self, name: str, value: bytes | int, lifetime: int | None = None) -> None:
        lifetime = lifetime or self._lifetimes.tombstone_lifetime()
        self._slot(name).add("SET", self._keys.tombstone(name), value, "EX", lifetime)

    def _cancel_tombstone(self, batch: SlotBatch, sid: str) -> None:
        """Remove the tombstone of a session that core deletes and then saves again."""
        start = ("SET", self._keys.tombstone(sid[:IDENTIFIER_LENGTH]), ENDED)
        batch.commands = [command for command in batch.commands if command[:3] != start]

    def _end_earlier_forms(self, batch: SlotBatch, sid: str, other_keys: list[str]) -> None:
        """End the forms of a session that lack its time of deletion."""
        if other_keys and not self._keys.writes_old_keys:
            batch.add("DEL", *other_keys)
        batch.add("SET", self._keys.tombstone(sid), ENDED, "XX", "KEEPTTL")
