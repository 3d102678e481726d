"""Writes that core's policy makes of a session, collected to be sent to Redis at once.

``Transaction`` is a session store whose methods talk to nobody: core's ``rotate`` over it says
what has to be written, ``RedisSessionStore`` sends it.

The conditions of a write, without which another request's log-out would be undone:

a session that was read         Redis holds it as it was read, and its index lists it
a session that was not read     nothing is under its key
the session of a user           its identifier has not ended
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from odoo import http

from ..redis_io.commands import ENDED, Command, Found
from ..redis_io.conditional_write import FORGET, FREE, LISTED, OTHER, SAME, Batch
from ..serialization.compression import pack
from ..serialization.tagged_json import Stamp, digest_of, encode, stamped
from .keys import IDENTIFIER, IDENTIFIER_LENGTH, SHORT_ID
from .stored_session import Stored, StoredSession, has_index, owner_of, stored_of, values_of

if TYPE_CHECKING:
    from .store import RedisSessionStore


class Transaction(http.FilesystemSessionStore):
    """Core's policy over a list of commands, by the slot of Redis Cluster that they are for."""

    def __init__(self, store: "RedisSessionStore") -> None:
        self._store = store
        self._keys = store.keys
        self.session_class = store.session_class
        self.recent: Any = None
        self.slots: dict[str, Batch] = {}
        self.written: list[tuple[Any, Stored]] = []
        # how many sessions it has ended, once it was sent
        self.forgotten = 0

    def generate_key(self, salt: bytes | None = None) -> str:
        return self._store.generate_key(salt)

    def get(self, sid: str) -> Any:
        """Return the session as a soft rotation finds it: ``recent``."""
        return self.recent

    def save(self, session: Any, body: bytes | None = None) -> None:
        """Write a session; ``body`` as it is, where it is known."""
        values = values_of(session)
        batch = self.batch(session.sid)
        last = stored_of(session)
        if last is None:
            batch.need(FREE, self._keys.of(session.sid)[0])
        else:
            self.need_still(last)
        if values.get("uid"):
            self._need_open(session.sid)
        stamp = self._store.lifetimes.stamp(values, last and last.stamp)
        if last and last.key != self._keys.of(session.sid)[0]:
            self._set_tombstone(session.sid, stamp.at)
        self.write(session, body or encode(values), stamp, stamp.lifetime)

    def take_over(self, session: Any, found: Found, body: bytes, is_used: bool) -> None:
        """Write a session that is in another form than the one that is written.

        :param is_used: let it live longer; without, it does where its lifetime is not known
        """
        batch = self.batch(session.sid)
        batch.need(SAME, found.key, found.payload)
        self._need_open(session.sid)
        key = self._keys.of(session.sid)[0]
        stamp = self._store.lifetimes.stamp(values_of(session), found.stamp)
        if found.old:
            batch.need(FREE, key)
            if not self._keys.old_first:
                self.mark_as_taken(session.sid, stamp.at)
        elif found.stamp and not is_used:
            self.write(session, body, found.stamp, None)
            return
        self.write(session, body, stamp, stamp.lifetime)

    # pylint: disable-next=method-required-super
    def copy(
        self, session: Any, body: bytes, stamp: Stamp, found: Found | None, taken: bytes | None
    ) -> None:
        """Write a session of a file, over ``found`` and the tombstone ``taken`` if there are."""
        batch = self.batch(session.sid)
        if found:
            batch.need(SAME, found.key, found.payload)
        else:
            batch.need(FREE, self._keys.of(session.sid)[0])
        self._need_open(session.sid)
        self.mark_as_taken(session.sid, stamp.at, taken)
        left = stamp.at + stamp.lifetime - self._store.lifetimes.stamp(values_of(session)).at
        self.write(session, body, stamp, left)

    def mark_as_taken(self, sid: str, moment: int, before: bytes | None = None) -> None:
        """Let no earlier form of a session count again, unless saved after ``moment``.

        :param before: the tombstone that there is
        """
        tombstone = self._keys.tombstone(sid)
        batch = self.batch(sid)
        if before is None:
            batch.need(FREE, tombstone)
        else:
            batch.need(SAME, tombstone, before)
        self._set_tombstone(sid, moment)

    # pylint: disable-next=method-required-super
    def write(self, session: Any, body: bytes, stamp: Stamp, left: int | None) -> None:
        """Write a session with its index, whatever there is.

        :param left: the seconds that it lives; None for those that it has
        """
        store, sid, values = self._store, session.sid, values_of(session)
        key, *others = self._keys.of(sid)
        batch = self.batch(sid)
        is_indexed = has_index(sid, values)
        if entry := self._keys.entry(sid):
            if is_indexed:
                # a hash of short fields is kept packed, a set is only from Redis 7.2
                batch.add("HSET", *entry, "")
                batch.add("EXPIRE", entry[0], store.lifetimes.of_index(values, stamp))
            elif (last := stored_of(session)) and last.is_indexed:
                batch.add("HDEL", *entry)
        # a release before 3.0 reads JSON, and would keep the stamp as a value of the session
        is_old = self._keys.old_first
        # a stamp that is kept is of another clock
        owner = digest_of(sid) + (store.lifetimes.clock if left else b"")
        payload = body if is_old else pack(stamped(body, stamp, owner))
        batch.add("SET", key, payload, *(("EX", left) if left else ("KEEPTTL",)))
        if others and is_old:
            # else it would be read again, without what is written now, once the old form is not
            batch.add("DEL", *others)
        if "deletion_time" in values:
            self._end_earlier_forms(sid, others)
        self._drop_tombstone(sid)
        stored = Stored(sid, key, payload, body, stamp, owner_of(values), is_indexed)
        self.written.append((session, stored))

    def delete(self, session: Any) -> None:
        sid, values, last = session.sid, values_of(session), stored_of(session)
        self._forget(sid)
        self.batch(sid).add("DEL", *self._keys.of(sid))
        was_a_user = last.owner[1] if last else not session.is_new
        if was_a_user or values.get("uid"):
            lifetime = self._store.lifetimes.of_tombstone(values)
            self._set_tombstone(sid[:IDENTIFIER_LENGTH], ENDED, lifetime)
        owner = last.owner if last else owner_of(values)
        # nothing is like this: another save of the session is refused
        ended = Stored(sid, self._keys.of(sid)[0], b"", b"", None, owner, False)
        self.written.append((session, ended))

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        if isinstance(identifiers, str):
            raise ValueError("a list of session identifiers is wanted, not a text")
        # as core: what is no identifier must not reach the keys of another database
        for identifier in identifiers:
            if IDENTIFIER.fullmatch(identifier):
                self._forget(identifier)
            elif SHORT_ID.fullmatch(identifier) and self._store.is_valid_key(identifier):
                self.batch(identifier).add("DEL", *self._keys.of(identifier))
            else:
                continue
            self._set_tombstone(identifier, ENDED)

    def need_still(self, last: Stored) -> None:
        """Have nothing written unless Redis holds a session as it was read."""
        batch = self.batch(last.sid)
        batch.need(SAME, last.key, last.payload)
        if last.is_indexed:
            batch.need(LISTED, *self._keys.entry(last.sid))

    def need_this_alone(self, last: Stored) -> None:
        """Have nothing else be the condition for the slot of a session that goes."""
        self.batch(last.sid).conditions.clear()
        self._need_open(last.sid)
        self.need_still(last)

    def batch(self, sid: str) -> Batch:
        """Return what is to be sent for the slot of a session."""
        return self.slots.setdefault(sid[:IDENTIFIER_LENGTH], Batch())

    @property
    def batches(self) -> list[Batch]:
        """What is to be sent, each of them for one slot of a Cluster."""
        batches = list(self.slots.values())
        if len(batches) > 1:
            if self._store.connection.is_cluster:
                # a new session is written before the old one goes, unless that is its condition
                batches.sort(key=lambda batch: not batch.conditions)
            else:
                conditions = [one for batch in batches for one in batch.conditions]
                commands = [one for batch in batches for one in batch.commands]
                batches = [Batch(conditions, commands)]
        return batches

    def done(self) -> None:
        """Have the sessions remember what was written of them."""
        for session, stored in self.written:
            if isinstance(session, StoredSession):
                session.stored = stored

    def _need_open(self, sid: str) -> None:
        for tombstone in self._keys.tombstones(sid):
            self.batch(sid).need(OTHER, tombstone, ENDED)

    def _forget(self, sid: str) -> None:
        identifier = sid[:IDENTIFIER_LENGTH]
        if len(identifier) == IDENTIFIER_LENGTH:
            index, old = self._keys.index(identifier), self._keys.old_start(identifier)
            self.batch(sid).add(FORGET, index, old)

    def _set_tombstone(self, name: str, value: bytes | int, lifetime: int | None = None) -> None:
        lifetime = lifetime or self._store.lifetimes.of_tombstone()
        self.batch(name).add("SET", self._keys.tombstone(name), value, "EX", lifetime)

    def _drop_tombstone(self, sid: str) -> None:
        """Leave out a tombstone that was to be set: core deletes a session and saves it again."""
        tombstone = self._keys.tombstone(sid[:IDENTIFIER_LENGTH])
        batch = self.batch(sid)
        batch.commands = [one for one in batch.commands if one[:3] != ("SET", tombstone, ENDED)]

    def _end_earlier_forms(self, sid: str, others: list[str]) -> None:
        """End the forms of a session that do not know that it is about to be deleted."""
        batch = self.batch(sid)
        if others and not self._keys.old_first:
            batch.add("DEL", *others)
        batch.add("SET", self._keys.tombstone(sid), ENDED, "XX", "KEEPTTL")


def as_commands(batches: Iterable[Batch]) -> list[Command]:
    """Return the commands of some batches."""
    return [command for batch in batches for command in batch.commands]
