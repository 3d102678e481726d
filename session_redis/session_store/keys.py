"""The keys of sessions in Redis.

Without a prefix, ``<prefix>:`` is absent:

``session:<prefix>:<session id>``
    a session, see ``payload``
``session:<prefix>:<identifier>``
    the index of an identifier, the first 42 characters of a session id: a hash whose fields are
    the rests of the ids of a user's sessions that begin with it. Devices are revoked by their
    identifier; without an index, KEYS or SCAN would have to read all keys of the server. A session
    of a user that its index does not list has ended
``session:<prefix>:ended:<session id or identifier>``
    a tombstone: earlier forms of a session do not count any more, because the session has ended
    or was taken over
``session:<prefix>:{<identifier>}<rest>``
    a session on Redis Cluster. The text in braces decides the slot, so a session, its index, its
    tombstones and the ids that it rotates to are on one node and can be written together
``session::<prefix>:<session id>``
    a session that a release before 3.0 wrote, never on a Cluster: it is read where the usual key
    is missing, and deleted together with it

``session:<prefix>:login-failures:<database>:<address>``
    a hash with the number of failed log-ins from an address and the time of the last one

An id of 40 hexadecimal digits has no index: the whole id is its identifier.
"""

import re
from collections.abc import Callable

# core's STORED_SESSION_BYTES, which 17.0 does not have
IDENTIFIER_LENGTH = 42
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{42}")
# the ids of core on 17.0, and of releases before 3.0 on 18.0
SHORT_ID = re.compile(r"[0-9a-f]{40}")


class Keys:
    """The keys of one deployment.

    :param writes_old_keys: write the keys of releases before 3.0
    """

    def __init__(
        self,
        prefix: str,
        is_valid_id: Callable[[str], bool],
        is_cluster: bool = False,
        writes_old_keys: bool = False,
    ) -> None:
        self._start = f"session:{prefix}:" if prefix else "session:"
        # without a prefix, both forms of a key are the same
        self._old_start = f"session::{prefix}:" if prefix and not is_cluster else None
        self._is_valid_id = is_valid_id
        self._is_cluster = is_cluster
        self.writes_old_keys = writes_old_keys and not is_cluster

    def session_keys(self, sid: str) -> list[str]:
        """Return the two keys that may hold a session: the key to write, then the other form.

        :raises ValueError: if ``sid`` is not a session id; it must not reach other keys
        """
        if not self._is_valid_id(sid):
            raise ValueError(f"Invalid session id {shorten(sid)!r}")
        key = self._key(sid)
        if self._old_start is None:
            return [key]
        old_key = self._old_start + sid
        return [old_key, key] if self.writes_old_keys else [key, old_key]

    def index(self, sid: str) -> str:
        """Return the key of the index of a session id or an identifier."""
        return self._key(sid[:IDENTIFIER_LENGTH])

    def index_entry(self, sid: str) -> tuple[str, ...]:
        """Return the key of the index and the field of a session id; empty for a short id."""
        if len(sid) <= IDENTIFIER_LENGTH:
            return ()
        return self._key(sid[:IDENTIFIER_LENGTH]), sid[IDENTIFIER_LENGTH:]

    def tombstone(self, name: str) -> str:
        """Return the key of the tombstone of a session id or an identifier."""
        return self._key(name, "ended:")

    def tombstones(self, sid: str) -> list[str]:
        """Return the tombstones that end a session: of its identifier, then of its id."""
        if len(sid) <= IDENTIFIER_LENGTH:
            return [self.tombstone(sid)]
        return [self.tombstone(sid[:IDENTIFIER_LENGTH]), self.tombstone(sid)]

    def login_failures(self, database: str, address: str) -> str:
        """Return the key of the failed log-ins in a database from an address."""
        return f"{self._start}login-failures:{database}:{address}"

    def old_key_start(self, identifier: str) -> str:
        """Return the beginning of the keys of releases before 3.0 for an identifier, or ""."""
        return "" if self._old_start is None else self._old_start + identifier

    def keys_of_identifier(self, identifier: str) -> list[str]:
        """Return keys of which one exists while an identifier has a session."""
        is_session_id = SHORT_ID.fullmatch(identifier) and self._is_valid_id(identifier)
        return self.session_keys(identifier) if is_session_id else [self.index(identifier)]

    @property
    def scan_patterns(self) -> list[str]:
        """The patterns for SCAN that match every key of this deployment."""
        starts = [self._start] if self._old_start is None else [self._start, self._old_start]
        return [re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*" for start in starts]

    @property
    def old_scan_pattern(self) -> str | None:
        """The pattern for the keys of releases before 3.0; None if they have the same form."""
        return None if self._old_start is None else self.scan_patterns[1]

    def session_id(self, key: str) -> str | None:
        """Return the session id of a key; None for the key of an index and for other keys."""
        start = self._old_start
        if start is None or not key.startswith(start):
            start = self._start
        sid = key[len(start) :]
        if self._is_cluster:
            sid = sid.replace("{", "", 1).replace("}", "", 1)
        return sid if key.startswith(start) and self._is_valid_id(sid) else None

    def _key(self, name: str, kind: str = "") -> str:
        if self._is_cluster:
            name = f"{{{name[:IDENTIFIER_LENGTH]}}}{name[IDENTIFIER_LENGTH:]}"
        return self._start + kind + name


def shorten(sid: str) -> str:
    """Return the part of a session id that may be logged: the whole id is like a password."""
    return sid[:8]
