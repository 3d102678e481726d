"""Writes that core's policy makes of a session, collected to be sent to Redis at once.

``Transaction`` is a session store whose methods talk to nobody: core's ``rotate`` over it says
what has to be written, ``RedisSessionStore`` sends it. ``StoredSession`` remembers what Redis
holds of it, by which an unchanged session is known.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from odoo import http

from .commands import Command
from .compat import HAS_IDENTIFIERS
from .database import keep_logged_in
from .encoding import Stamp, encode, stamped
from .keys import IDENTIFIER, IDENTIFIER_LENGTH, SHORT_ID
from .packing import pack

if TYPE_CHECKING:
    from .store import RedisSessionStore


class Stored(NamedTuple):
    """What Redis holds of a session: its id, its encoding without stamp, its stamp."""

    sid: str
    body: bytes
    stamp: Stamp | None
    has_index: bool


class StoredSession(http.Session):
    """A session that remembers what Redis holds of it."""

    # those of core again: on 17.0 and 18.0 any other attribute is a value of the session
    __slots__ = (*http.Session.__slots__, "stored")

    def __init__(self, data: Any, sid: str, new: bool = False) -> None:
        super().__init__(data, sid, new)
        self.stored: Stored | None = None

    @classmethod
    def of_values(cls, values: dict[str, Any], sid: str) -> "StoredSession":
        """Return the session of values that were just decoded, and need no other check.

        Core copies each value through JSON (17.0: pickle) once more, which is most of the
        time that its sessions take to be made.
        """
        session = cls({}, sid)
        session._Session__data = values
        return session

    def logout(self, keep_db: bool = False) -> Any:
        keep_logged_in(self.db)
        return super().logout(keep_db)


def values_of(session: Any) -> Mapping[str, Any]:
    """Return the dictionary of a session, whose own methods take many times as long."""
    found: Mapping[str, Any] = session
    if isinstance(session, http.Session):
        found = session._Session__data
    return found


class Transaction(http.FilesystemSessionStore):
    """Core's policy over a list of commands, by the slot of Redis Cluster that they are for."""

    def __init__(self, store: "RedisSessionStore") -> None:
        self._store = store
        self.session_class = store.session_class
        self.recent: Any = None
        self.slots: dict[str, list[Command]] = {}
        self.written: list[tuple[Any, Stored | None]] = []

    def generate_key(self, salt: bytes | None = None) -> str:
        return self._store.generate_key(salt)

    def get(self, sid: str) -> Any:
        """Return the session as a soft rotation finds it: ``recent``."""
        return self.recent

    def save(self, session: Any, body: bytes | None = None, stamp: Stamp | None = None) -> None:
        """Write a session; ``body`` and ``stamp`` as they are, where they are known."""
        store = self._store
        last = getattr(session, "stored", None)
        values = values_of(session)
        now = store.lifetimes.stamp(values, last and last.stamp)
        stamp = stamp or now
        body = body or encode(values)
        # a release before 3.0 reads JSON, and would keep the stamp as a value of the session
        payload = body if store.keys.old_first else pack(stamped(body, stamp))
        left = stamp.at + stamp.lifetime - now.at
        key, *others = store.keys.of(session.sid)
        self._add(session.sid, "SET", key, payload, "EX", left)
        if others and store.keys.old_first:
            # else it would be read again, without what is written now, once the old form is not
            self._add(session.sid, "DEL", *others)
        is_indexed = has_index(session.sid, values)
        if is_indexed and not (
            last
            and last.sid == session.sid
            and last.has_index
            and store.lifetimes.index_is_fresh(last.stamp, stamp)
        ):
            entry = store.keys.entry(session.sid)
            # a hash of short fields is kept packed, a set is only from Redis 7.2
            self._add(session.sid, "HSET", *entry, "")
            self._add(session.sid, "EXPIRE", entry[0], store.lifetimes.of_index(values, stamp))
        self.written.append((session, Stored(session.sid, body, stamp, is_indexed)))

    def delete(self, session: Any) -> None:
        sid = session.sid
        self._add(sid, "DEL", *self._store.keys.of(sid))
        if entry := self._store.keys.entry(sid):
            self._add(sid, "HDEL", *entry)
        self.written.append((session, None))

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        if isinstance(identifiers, str):
            raise ValueError("a list of session identifiers is wanted, not a text")
        # as core: what is no identifier must not reach the keys of another database
        asked = list(identifiers)
        valid = [identifier for identifier in asked if IDENTIFIER.fullmatch(identifier)]
        for identifier, rests in self._store.siblings(valid):
            keys = [key for rest in rests for key in self._store.keys.of(identifier + rest)]
            self._add(identifier, "DEL", self._store.keys.index(identifier), *keys)
        for sid in filter(SHORT_ID.fullmatch, asked):
            if self._store.is_valid_key(sid):
                self._add(sid, "DEL", *self._store.keys.of(sid))

    @property
    def commands(self) -> list[Command]:
        """All that was collected."""
        return [command for slot in self.slots.values() for command in slot]

    def done(self) -> None:
        """Have the sessions remember what was written of them."""
        for session, stored in self.written:
            if isinstance(session, StoredSession):
                session.stored = stored

    def _add(self, sid: str, *command: str | bytes | int) -> None:
        self.slots.setdefault(sid[:IDENTIFIER_LENGTH], []).append(command)


def has_index(sid: str, session: Mapping[str, Any]) -> bool:
    """Tell whether ``session`` may be asked for by its identifier: those of users are."""
    return HAS_IDENTIFIERS and bool(session.get("uid")) and len(sid) > IDENTIFIER_LENGTH
