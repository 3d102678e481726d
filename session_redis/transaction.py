"""Writes that core's policy makes of a session, sent to Redis all at once."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from odoo import http

from .compat import HAS_IDENTIFIERS
from .encoding import encode

if TYPE_CHECKING:
    from redis.client import Pipeline

    from .store import RedisSessionStore

IDENTIFIER_LENGTH = 42
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{42}")


class StoredSession(http.Session):
    """A session that remembers what Redis holds of it: ``(session id, payload)``."""

    # those of core again: on 17.0 and 18.0 any other attribute is a value of the session
    __slots__ = (*http.Session.__slots__, "stored")

    def __init__(self, data: Any, sid: str, new: bool = False) -> None:
        super().__init__(data, sid, new)
        self.stored: tuple[str, bytes] | None = None

    def remember(self, payload: bytes | None) -> None:
        self.stored = None if payload is None else (self.sid, payload)


class Transaction(http.FilesystemSessionStore):
    """Core's policy over a pipeline: what it writes is sent later, at once."""

    def __init__(self, store: "RedisSessionStore", pipe: "Pipeline") -> None:
        self._store = store
        self._pipe = pipe
        self.session_class = store.session_class

    def get(self, sid: str) -> Any:
        return self._store.get(sid)

    def save(self, session: Any, payload: bytes | None = None) -> None:
        key = self._store.keys(session.sid)[0]
        self._pipe.set(key, payload or encode(session), ex=self._store.lifetimes.of(session))
        if has_index(session):
            index, rest = self._index(session.sid)
            # a hash of short fields is kept packed, a set is only from Redis 7.2
            self._pipe.hset(index, rest, "")
            self._pipe.expire(index, self._store.lifetimes.of_index(session))

    def prolong(self, session: Any) -> None:
        lifetimes = self._store.lifetimes
        self._pipe.expire(self._store.key(session.sid), lifetimes.of(session))
        if has_index(session):
            self._pipe.expire(self._index(session.sid)[0], lifetimes.of_index(session))

    def delete(self, session: Any) -> None:
        self._pipe.delete(*self._store.keys(session.sid))
        if HAS_IDENTIFIERS:
            self._pipe.hdel(*self._index(session.sid))
        if isinstance(session, StoredSession):
            session.remember(None)

    def delete_from_identifiers(self, identifiers: Iterable[str]) -> None:
        if isinstance(identifiers, str):
            raise ValueError("a list of session identifiers is wanted, not a text")
        for identifier in identifiers:
            # as core: what is no identifier must not reach the keys of another database
            if not IDENTIFIER.fullmatch(identifier):
                continue
            index = self._store.key(identifier)
            rests: Any = self._store.connection.client.hkeys(index)
            for rest in rests:
                self._pipe.delete(*self._store.keys(identifier + rest.decode()))
            self._pipe.delete(index)

    def _index(self, sid: str) -> tuple[str, str]:
        return self._store.key(sid[:IDENTIFIER_LENGTH]), sid[IDENTIFIER_LENGTH:]


def has_index(session: Any) -> bool:
    """Tell whether ``session`` may be asked for by its identifier: those of users are."""
    return HAS_IDENTIFIERS and bool(session.get("uid"))
