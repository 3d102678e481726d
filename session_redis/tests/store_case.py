"""The state of a session in Redis, for tests."""

import json

from ..serialization.compression import compress, decompress
from ..serialization.payload import Stamp, split_envelope, with_envelope
from .common import RedisCase


class StoreCase(RedisCase):
    """A mixin for test classes."""

    def key(self, session):
        return f"session:{self.prefix}:{session.sid}"

    def payload(self, session):
        """Return the JSON of a stored session; None if it is not stored."""
        stored = self.redis.get(self.key(session))
        return stored and decompress(stored)

    def stamp(self, session):
        """Return the stamp of a stored session."""
        return split_envelope(self.payload(session))[1]

    def body(self, session):
        """Return the JSON of the values of a stored session."""
        return split_envelope(self.payload(session))[2]

    def change_stamp(self, session, stamp, lifetime):
        """Replace the stamp of a stored session."""
        owner, _stamp, body = split_envelope(self.payload(session))
        text = with_envelope(body, stamp, owner or b"")
        self.redis.set(self.key(session), compress(text), ex=lifetime)

    def sessions_left(self):
        """Return the keys of the store in Redis, except the tombstones of ended sessions."""
        keys = self.redis.scan_iter(f"session:*{self.prefix}:*", count=1000)
        return [key for key in keys if f"session:{self.prefix}:ended:".encode() not in key]

    def age(self, session, seconds):
        """Change a session as if it had been saved some time ago."""
        stamp = self.stamp(session)
        older = Stamp(stamp.at - seconds, stamp.lifetime)
        self.change_stamp(session, older, self.redis.ttl(self.key(session)) - seconds)

    def old_key(self, sid):
        return f"session::{self.prefix}:{sid}"

    def old_session(self, **values):
        sid = self.store.generate_key()
        self.redis.set(self.old_key(sid), json.dumps(values).encode(), ex=100)
        return sid
