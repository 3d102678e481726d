"""The payload that Redis stores for a session: its values with an owner and a stamp, compressed.

``{"_of": OWNER, "_saved": [TIME, LIFETIME], ...}``

``_of``     a digest of the session id, and the name of the clock of the stamp. Under another id
            the payload is not a session
``_saved``  the time of the last save, and the lifetime that the session had then

Release 3.0.0 wrote no ``_of``; it reads payloads that have it. Releases before 3.0 wrote neither,
and did not compress.
"""

import hashlib
import re
from typing import Any, NamedTuple

from .compression import compress, decompress
from .tagged_json import RESERVED_KEYS, STAMP_KEY, decode, is_time

# more digits than a time or a lifetime can have are left to the slow way, which refuses them
_ENVELOPE = re.compile(
    rb'\{(?:"_of":"(?P<owner>[0-9a-f]*)",)?'
    rb'"_saved":\[(?P<at>\d{1,12}),(?P<lifetime>\d{1,12})\](?:,(?=")|(?=\}))'
)
_DIGEST_BYTES = 6


class Stamp(NamedTuple):
    """The time when a session was saved, in seconds since 1970, and its lifetime in seconds."""

    at: int
    lifetime: int


class Payload(NamedTuple):
    """A session as it was stored."""

    values: dict[str, Any]
    # the values as JSON, without owner and stamp
    body: bytes
    stamp: Stamp | None
    # the name of the clock of the stamp; None if no owner was stored
    clock: bytes | None

    @property
    def has_owner(self) -> bool:
        """True if the payload names the session that it belongs to."""
        return self.clock is not None


class UnreadablePayload(ValueError):
    """A payload that is not a session of this id; the message contains no part of it."""


def digest_of(sid: str) -> bytes:
    """Return the name of a session id in its payload: long enough to recognize another one."""
    return hashlib.blake2b(sid.encode(), digest_size=_DIGEST_BYTES).hexdigest().encode()


def write_payload(body: bytes, stamp: Stamp, sid: str, clock: bytes) -> bytes:
    """Return the payload of the values ``body`` of a session."""
    return compress(with_envelope(body, stamp, digest_of(sid) + clock))


def read_payload(stored: bytes, sid: str) -> Payload:
    """Return the session that Redis has stored for an id.

    :raises UnreadablePayload: if this is not a session, or belongs to another id
    """
    try:
        text = decompress(stored)
        owner, stamp, body = split_envelope(text)
        values = decode(body)
        if stamp is None:
            stamp = _take_stamp(values)
    except ValueError:
        raise UnreadablePayload(f"{len(stored)} bytes that are not a session") from None
    # release 3.0.0 keeps the owner of a payload among the values of its session
    for key in RESERVED_KEYS:
        values.pop(key, None)
    if not owner:
        return Payload(values, body, stamp, None)
    digest = digest_of(sid)
    if not owner.startswith(digest):
        raise UnreadablePayload("it belongs to another session")
    return Payload(values, body, stamp, owner[len(digest) :])


def with_envelope(body: bytes, stamp: Stamp, owner: bytes = b"") -> bytes:
    """Return the text of a payload; without ``owner`` the text that release 3.0.0 wrote."""
    of = b'"_of":"%s",' % owner if owner else b""
    comma = b"," if len(body) > len(b"{}") else b""
    return b'{%s"_saved":[%d,%d]%s%s' % (of, *stamp, comma, body[1:])


def split_envelope(text: bytes) -> tuple[bytes | None, Stamp | None, bytes]:
    """Return the owner, the stamp and the body of a text; the former are None if it lacks them."""
    envelope = _ENVELOPE.match(text)
    if envelope is None:
        return None, None, text
    owner, at, lifetime = envelope.groups()
    return owner, Stamp(int(at), int(lifetime)), b"{" + text[envelope.end() :]


def _take_stamp(values: dict[str, Any]) -> Stamp | None:
    """Return a stamp that was among the values, in a text that this store did not write."""
    saved = values.pop(STAMP_KEY, None)
    if saved is None:
        return None
    try:
        stamp = Stamp(*map(int, saved))
    except (ArithmeticError, TypeError) as error:
        raise ValueError("malformed session") from error
    if not all(map(is_time, stamp)):
        raise ValueError("malformed session")
    return stamp
