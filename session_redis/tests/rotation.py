"""What a rotation of ids needs: an environment, and a series that has soft ones."""

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
