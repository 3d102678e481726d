"""The names under which Redis holds sessions.

Where ``<prefix>:`` is absent without a prefix:

``session:<prefix>:<session id>``
    a session, see ``encoding``
``session:<prefix>:<first 42 characters>``
    its index: a hash whose fields are the rests of the ids of a user's sessions that begin
    so. Devices are revoked by these 42 characters; a KEYS or SCAN would read the whole server.
    A session of a user that its index does not list has ended
``session:<prefix>:{<first 42 characters>}<rest>``
    both of them on Redis Cluster: what is in braces names the slot, so a session, its index
    and the ids that it rotates to are on one node and can be written in one transaction
``session::<prefix>:<session id>``
    a session as releases before 3.0 wrote it, never on a Cluster: read where the other is
    missing, deleted with it

``session:<prefix>:ended:<session id, or first 42 characters>``
    a tombstone: no earlier form of a session counts any more, because it has ended or because
    it was taken over. On Cluster its slot is that of the session

``session:<prefix>:login-failures:<database>:<address>``
    a hash with the number of failed log-ins from an address and the time of the last one

An id of 40 hex digits has no index: it is as long as its identifier.
"""

import re
from collections.abc import Callable

# core's STORED_SESSION_BYTES, unknown on 17.0
IDENTIFIER_LENGTH = 42
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{42}")
# core's of 17.0, and of releases before 3.0 for 18.0, where it is its own identifier
SHORT_ID = re.compile(r"[0-9a-f]{40}")


class Keys:
    """The keys of one deployment."""

    def __init__(
        self,
        prefix: str,
        is_valid_sid: Callable[[str], bool],
        cluster: bool = False,
        old_first: bool = False,
    ) -> None:
        self._start = f"session:{prefix}:" if prefix else "session:"
        # without a prefix, the old key is the present one
        self._old_start = f"session::{prefix}:" if prefix and not cluster else None
        self._is_valid_sid = is_valid_sid
        self._cluster = cluster
        self.old_first = old_first and not cluster

    def of(self, sid: str) -> list[str]:
        """Return the keys that may hold a session: the one that is written, then the other.

        :raises ValueError: when ``sid`` is none, for it must not reach other keys
        """
        if not self._is_valid_sid(sid):
            raise ValueError(f"Invalid session id {shorten(sid)!r}")
        key = self._key(sid)
        if self._old_start is None:
            return [key]
        old = self._old_start + sid
        return [old, key] if self.old_first else [key, old]

    def index(self, sid: str) -> str:
        """Return the key of the index of a session id, or of its first 42 characters."""
        return self._key(sid[:IDENTIFIER_LENGTH])

    def entry(self, sid: str) -> tuple[str, ...]:
        """Return the key of the index of a session id and its field there, where it has one."""
        return (self.index(sid), sid[IDENTIFIER_LENGTH:]) if len(sid) > IDENTIFIER_LENGTH else ()

    def tombstone(self, name: str) -> str:
        """Return the key of the tombstone of a session id, or of its first 42 characters."""
        return self._key(name, "ended:")

    def tombstones(self, sid: str) -> list[str]:
        """Return the tombstones that end a session: of its identifier, and of its id alone."""
        return [self.tombstone(name) for name in dict.fromkeys((sid[:IDENTIFIER_LENGTH], sid))]

    def login_failures(self, database: str, address: str) -> str:
        """Return the key of the failed log-ins in a database from an address."""
        return f"{self._start}login-failures:{database}:{address}"

    def old_start(self, identifier: str) -> str:
        """Return how the keys of releases before 3.0 begin for an identifier, if there are any."""
        return "" if self._old_start is None else self._old_start + identifier

    def of_identifier(self, identifier: str) -> list[str]:
        """Return the keys of which one exists while an identifier has a session."""
        is_id = SHORT_ID.fullmatch(identifier) and self._is_valid_sid(identifier)
        return self.of(identifier) if is_id else [self.index(identifier)]

    @property
    def patterns(self) -> list[str]:
        """What SCAN finds every key with."""
        starts = [self._start] if self._old_start is None else [self._start, self._old_start]
        return [re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*" for start in starts]

    @property
    def old_pattern(self) -> str | None:
        """What SCAN finds the keys of releases before 3.0 with, where they are others."""
        return None if self._old_start is None else self.patterns[1]

    def sid(self, key: str) -> str | None:
        """Return the session id that a key is of; None for an index and for other keys."""
        start = self._old_start
        if start is None or not key.startswith(start):
            start = self._start
        sid = key[len(start) :]
        if self._cluster:
            sid = sid.replace("{", "", 1).replace("}", "", 1)
        return sid if key.startswith(start) and self._is_valid_sid(sid) else None

    def _key(self, name: str, kind: str = "") -> str:
        if self._cluster:
            name = f"{{{name[:IDENTIFIER_LENGTH]}}}{name[IDENTIFIER_LENGTH:]}"
        return self._start + kind + name


def shorten(sid: str) -> str:
    """Return what may be logged of a session id, which is as good as a password."""
    return sid[:8]
