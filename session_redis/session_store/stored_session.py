"""A session object that remembers the state of its session in Redis.

With it the store recognizes an unchanged session, and writes a change only over the state that
was read.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from odoo import http

from ..compat import HAS_IDENTIFIERS
from ..postgresql_outage import keep_logged_in
from ..redis_io.commands import Lookup
from ..serialization.payload import Payload, Stamp
from .keys import IDENTIFIER_LENGTH

Owner = tuple[Any, Any]


class Stored(NamedTuple):
    """The state of a session in Redis.

    ``body`` has its values as JSON; it is empty where another release may change them at any time.
    """

    sid: str
    key: str
    payload: bytes
    body: bytes
    stamp: Stamp | None
    owner: Owner
    is_indexed: bool

    @classmethod
    def from_lookup(cls, sid: str, lookup: Lookup, payload: Payload) -> "Stored":
        """Return the state that was read."""
        return cls(
            sid,
            lookup.key,
            lookup.payload,
            payload.body,
            payload.stamp,
            owner_of(payload.values),
            lookup.is_indexed and has_index(sid, payload.values),
        )


class StoredSession(http.Session):
    """A session that remembers its state in Redis."""

    # the names of core as well: on 17.0 and 18.0 any other attribute is a value of the session
    __slots__ = (*http.Session.__slots__, "stored")

    def __init__(self, data: Any, sid: str, new: bool = False) -> None:
        super().__init__(data, sid, new)
        self.stored: Stored | None = None

    @classmethod
    def from_values(cls, values: dict[str, Any], sid: str) -> "StoredSession":
        """Return a session with values that were just decoded, and are not copied.

        Core would copy each value through JSON (17.0: pickle), which takes most of the time in
        which it makes a session.
        """
        session = cls({}, sid)
        session._Session__data = values
        return session

    def logout(self, keep_db: bool = False) -> Any:
        """Forget the user, unless PostgreSQL is only unavailable."""
        keep_logged_in(self.db)
        return super().logout(keep_db)


def values_of(session: Any) -> dict[str, Any]:
    """Return the dictionary of a session, whose own methods are many times slower."""
    values: dict[str, Any] = session
    if isinstance(session, http.Session):
        values = session._Session__data
    return values


def stored_of(session: Any) -> Stored | None:
    """Return the state in Redis of a session under its present id; None if it is unknown."""
    stored: Stored | None = getattr(session, "stored", None)
    return stored if stored and stored.sid == session.sid else None


def owner_of(values: Mapping[str, Any]) -> Owner:
    """Return the database and the user of a session; None twice for a visitor."""
    uid = values.get("uid")
    return (values.get("db"), uid) if uid else (None, None)


def has_index(sid: str, values: Mapping[str, Any]) -> bool:
    """Return True if the session can be revoked by its identifier: the sessions of users can."""
    return HAS_IDENTIFIERS and bool(values.get("uid")) and len(sid) > IDENTIFIER_LENGTH
