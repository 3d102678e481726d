"""Support for tests of rotations: an environment, and a skip for series without soft rotations."""

import threading
from types import SimpleNamespace

from odoo import http

CAN_ROTATE_SOFTLY = hasattr(http.FilesystemSessionStore, "delete_old_sessions")


class NoUser:
    """An environment whose users' session tokens are made of nothing but the id."""

    cr = SimpleNamespace(closed=True)

    def __getitem__(self, model):
        return self

    def browse(self, uid):
        return self

    def _compute_session_token(self, sid):
        return f"token of {sid}"


def race(pool, store, sid):
    """Return the ids on which eight requests end that rotate the same one at once."""
    start = threading.Barrier(8)

    def rotate(_number):
        own = store.get(sid)
        start.wait()
        store.rotate(own, NoUser(), soft=True)
        return own.sid

    return set(pool.map(rotate, range(8)))
