"""A front-end of a release before 3.0, as far as the other front-ends can see.

The same keys, the same payloads, the same session ids and the same lifetimes, on the same
variables: what one of them left in Redis, the other can read. Nothing of it imports the suite.
"""

import json
from datetime import date, datetime

import redis

from odoo import http
from odoo.tools._vendor import sessions

from . import settings

# seconds, of users and of visitors
LIFETIMES = {True: 7 * 24 * 60 * 60, False: 3 * 60 * 60}
RESTORED = {
    "datetime_isoformat": datetime.fromisoformat,
    "date_isoformat": date.fromisoformat,
    "set": set,
}


def post_load():
    """Keep the sessions where the variables say."""
    client = redis.Redis(settings.HOST, settings.PORT, password=settings.PASSWORD)
    http.Application.session_store = OldStore(client, f"session::{settings.PREFIX}:")


class OldStore(http.FilesystemSessionStore):
    """One key for a session, the same for every process, and no index."""

    def __init__(self, client, start):
        super().__init__(session_class=http.Session, renew_missing=True)
        self._client = client
        self._start = start

    # Until 18.0 those releases knew no devices, and made ids of 40 hex digits; on 19.0 core's
    if not hasattr(http.FilesystemSessionStore, "delete_old_sessions"):
        generate_key = sessions.SessionStore.generate_key
        is_valid_key = sessions.SessionStore.is_valid_key

    def get(self, sid):
        payload = self.is_valid_key(sid) and self._client.get(self._start + sid)
        if not payload:
            return self.new()
        return self.session_class(json.loads(payload, object_hook=restore), sid, False)

    def save(self, session):
        key = self._start + session.sid
        self._client.set(key, json.dumps(dict(session), default=marked))
        lifetime = session.get("expiration") or LIFETIMES[bool(session.get("uid"))]
        self._client.expire(key, lifetime)

    def delete(self, session):
        self._client.delete(self._start + session.sid)

    def delete_from_identifiers(self, identifiers):
        for identifier in identifiers:
            for key in self._client.keys(f"{self._start}{identifier}*"):
                self._client.delete(key)

    def vacuum(self, max_lifetime=None):
        """Redis does it."""


def marked(value):
    if isinstance(value, set):
        return {"_type": "set", "value": list(value)}
    kind = "datetime" if isinstance(value, datetime) else "date"
    return {"_type": f"{kind}_isoformat", "value": value.isoformat()}


def restore(value):
    read = RESTORED.get(value.get("_type"))
    return read(value["value"]) if read else value
