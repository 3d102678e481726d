"""Errors for users and clients while a server is unavailable: mixed in by each backend."""

import functools
import socket

from odoo.tools import mute_logger

from ...store import StoreUri, Unavailable
from ..attachment_setup import LOG
from .attachment import AttachmentContract
from .http import HTTP_LOG, HttpContract
from .move import MoveContract


class ClosedPort:
    """Mixed in after a backend's set-up, which has ``settings_with`` and names two variables.

    ``server_variable`` has the URL of the server, ``secret_variable`` the secret.
    """

    def close_the_port(self):
        """Make the server of the store unavailable."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        self.change_setting(self.server_variable, f"http://127.0.0.1:{taken.getsockname()[1]}")
        self.env.invalidate_all()

    def change_setting(self, variable, value):
        """Change one variable of the store."""
        settings = self.settings_with(**{variable: value})
        self.make_store = functools.partial(self.make_store, settings=settings)


class AttachmentOutageContract(ClosedPort, AttachmentContract):
    """The contract of attachments, and their behaviour while the server is unavailable."""

    def ways_to_fail(self):
        return {
            **super().ways_to_fail(),
            "a refused connection": lambda _attachment: self.close_the_port(),
            "a wrong key": lambda _attachment: self.change_setting(self.secret_variable, "wrong"),
        }

    @mute_logger(LOG)
    def test_an_outage_is_an_error_and_never_an_empty_file(self):
        attachment = self.new(b"safe")
        before = self.columns(attachment)
        self.close_the_port()
        uses = {
            "raw": lambda: attachment.raw,
            "datas": lambda: attachment.datas,
            "copy": attachment.copy,
            "create": lambda: self.new(b"not stored"),
            "write": lambda: attachment.write({"raw": b"not stored"}),
        }
        for name, use in uses.items():
            with self.subTest(name), self.assertRaises(Unavailable) as caught:
                use()
            self.assertNotIn("127.0.0.1", str(caught.exception))
            self.assertNotIn(self.bucket, str(caught.exception))
        for location in ("db", "file"):
            self.set_location(location)
            with self.assertRaises(Unavailable), self.env.cr.savepoint():
                self.attachments.force_storage()
        self.assertEqual(self.columns(attachment), before)


class MoveOutageContract(ClosedPort, MoveContract):
    """The contract of moves, and their behaviour while the server is unavailable."""

    @mute_logger(LOG)
    def test_an_outage_ends_the_move_and_changes_no_row(self):
        attachment = self.created_at("db", b"not moved")
        before = self.columns(attachment)
        self.close_the_port()
        with self.assertRaises(Unavailable):
            self.attachments.force_storage()
        self.assertEqual(self.columns(attachment), before)


class HttpOutageContract(ClosedPort, HttpContract):
    """The contract of downloads, and their behaviour while the server is unavailable."""

    @mute_logger(LOG, HTTP_LOG)
    def test_an_outage_is_503_and_a_304_goes_on(self):
        etag = self.get().headers["ETag"]
        self.close_the_port()
        response = self.get()
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "30")
        for name in ("127.0.0.1", StoreUri.parse(self.attachment.store_fname).container):
            self.assertNotIn(name, response.text)
        self.assertEqual(self.get(**{"If-None-Match": etag}).status_code, 304)
