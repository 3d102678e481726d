"""Looking at what Redis holds of a session."""

from ..encoding import Stamp, decode, stamped, without_stamp
from ..packing import pack, unpack
from .common import RedisCase


class StoreCase(RedisCase):
    """Mixed into a test class."""

    def key(self, session):
        return f"session:{self.prefix}:{session.sid}"

    def payload(self, session):
        """Return the JSON of what is stored, None where nothing is."""
        stored = self.redis.get(self.key(session))
        return stored and unpack(stored)

    def age(self, session, seconds):
        """Have a session been saved some time ago."""
        payload = self.payload(session)
        stamp = decode(payload)[1]
        older = pack(stamped(without_stamp(payload), Stamp(stamp.at - seconds, stamp.lifetime)))
        self.redis.set(self.key(session), older, ex=self.redis.ttl(self.key(session)) - seconds)
