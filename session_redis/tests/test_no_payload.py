"""No error writes the payload or the id of a session into the log."""

import logging

from redis import ResponseError

from odoo.tests import BaseCase, tagged

from ..exceptions import SessionStoreUnavailable
from ..redis_io.errors import redis_errors_as_unavailable
from .store_case import StoreCase

MARK = "Zq7xJ2wv"
PAYLOADS = (
    f"{MARK}",
    f'"{MARK}"',
    f'["{MARK}"]',
    f'{{"login": "{MARK}"',
    f'{{"_saved": ["{MARK}", "{MARK}"], "login": "x"}}',
    f'{{"_saved": "{MARK}"}}',
    f'{{"_saved": [1, 2], "db": ["{MARK}"]}}',
    f'{{"a": {{"_type": "{MARK}", "value": "{MARK}"}}}}',
    f'{{"a": {{"_type": "decimal", "value": "{MARK}"}}}}',
    f'{{"a": {{"_type": "datetime_zone", "value": ["{MARK}", "{MARK}"]}}}}',
    f'{{"expiration": 1e999, "a": "{MARK}"}}',
    f"H{MARK}",
    f"\udcff{MARK}",
    MARK * 200_000,
)


@tagged("-at_install", "post_install")
class TestNoPayload(StoreCase, BaseCase):
    def logged(self, work):
        """Return all that any logger would write, at any level."""
        root = logging.getLogger()
        with self.assertLogs(root, logging.DEBUG) as logs:
            root.debug("so that there is a line")
            work()
        return "\n".join(logs.output)

    def test_unreadable_payload_is_in_no_line(self):
        for payload in PAYLOADS:
            with self.subTest(payload=payload[:60]):
                session = self.store.new()
                self.redis.set(self.key(session), payload.encode(errors="surrogateescape"))
                lines = self.logged(lambda sid=session.sid: self.new_store().get(sid))
                self.assertNotIn(MARK, lines)
                self.assertNotIn(session.sid[10:], lines)

    def test_client_that_decodes_answers_makes_no_line(self):
        # as an option of the URL did once, for all users
        session = self.store.new()
        self.redis.set(self.key(session), f'{{"login": "{MARK}"}}')
        store = self.new_store()
        pool = store.connection.client.connection_pool
        pool.connection_kwargs["decode_responses"] = True
        pool.disconnect()
        lines = self.logged(lambda: store.get(session.sid))
        self.assertNotIn(MARK, lines)

    def test_command_that_a_server_refuses_is_in_no_line(self):
        sid = self.store.new().sid
        for text in (
            f"unknown command 'EVALSHA', with args beginning with: 'x' '{sid}' '{MARK}'",
            f"Command # 1 (SET session:x:{sid} {MARK}) of pipeline caused error: no room",
        ):

            def refuse(text=text):
                unavailable = self.assertRaises(SessionStoreUnavailable)
                with unavailable as caught, redis_errors_as_unavailable():
                    raise ResponseError(text)
                logging.getLogger(__name__).error("", exc_info=caught.exception)

            lines = self.logged(refuse)
            self.assertNotIn(MARK, lines)
            self.assertNotIn(sid[10:], lines)
