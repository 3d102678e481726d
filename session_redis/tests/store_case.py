"""Looking at what Redis holds of a session."""

import json

from ..serialization.compression import pack, unpack
from ..serialization.tagged_json import Stamp, decode, split, stamped, without_stamp
from .common import RedisCase


class StoreCase(RedisCase):
    """Mixed into a test class."""

    def key(self, session):
        return f"session:{self.prefix}:{session.sid}"

    def payload(self, session):
        """Return the JSON of what is stored, None where nothing is."""
        stored = self.redis.get(self.key(session))
        return stored and unpack(stored)

    def sessions_left(self):
        """Return the keys of the store in Redis, but for the tombstones of sessions that ended."""
        keys = self.redis.scan_iter(f"session:*{self.prefix}:*", count=1000)
        return [key for key in keys if f"session:{self.prefix}:ended:".encode() not in key]

    def age(self, session, seconds):
        """Have a session been saved some time ago."""
        payload = self.payload(session)
        stamp = decode(payload)[1]
        digest = split(payload)[0] or b""
        older = Stamp(stamp.at - seconds, stamp.lifetime)
        older = pack(stamped(without_stamp(payload), older, digest))
        self.redis.set(self.key(session), older, ex=self.redis.ttl(self.key(session)) - seconds)

    def old_key(self, sid):
        return f"session::{self.prefix}:{sid}"

    def old_session(self, **values):
        sid = self.store.generate_key()
        self.redis.set(self.old_key(sid), json.dumps(values).encode(), ex=100)
        return sid
