"""A session that remembers what Redis holds of it.

By this an unchanged session is known, and a change is written only over what it was made of.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from odoo import http

from ..compat import HAS_IDENTIFIERS
from ..postgresql_outage import keep_logged_in
from ..redis_io.commands import Found
from ..serialization.tagged_json import Stamp
from .keys import IDENTIFIER_LENGTH


class Stored(NamedTuple):
    """What Redis holds of a session: under which key, what, and whose it is.

    ``body`` is its encoding without stamp, empty where another release may change it at any time.
    """

    sid: str
    key: str
    payload: bytes
    body: bytes
    stamp: Stamp | None
    owner: tuple[Any, Any]
    is_indexed: bool

    @classmethod
    def from_found(cls, sid: str, found: Found, values: Mapping[str, Any]) -> "Stored":
        return cls(
            sid,
            found.key,
            found.payload,
            found.body,
            found.stamp,
            owner_of(values),
            has_index(sid, values) and found.is_indexed,
        )


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


def values_of(session: Any) -> dict[str, Any]:
    """Return the dictionary of a session, whose own methods take many times as long."""
    found: dict[str, Any] = session
    if isinstance(session, http.Session):
        found = session._Session__data
    return found


def stored_of(session: Any) -> Stored | None:
    """Return what Redis holds of a session under its present id, as far as that is known."""
    stored: Stored | None = getattr(session, "stored", None)
    return stored if stored and stored.sid == session.sid else None


def owner_of(values: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return in which database who is logged in; two times None for a visitor."""
    uid = values.get("uid")
    return (values.get("db"), uid) if uid else (None, None)


def has_index(sid: str, session: Mapping[str, Any]) -> bool:
    """Return True if ``session`` may be asked for by its identifier: those of users are."""
    return HAS_IDENTIFIERS and bool(session.get("uid")) and len(sid) > IDENTIFIER_LENGTH
