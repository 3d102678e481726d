"""Answers in the place of Swift and Keystone: proxies, pages, damaged answers."""

import json

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.store import (
    NotFound,
    ObjectStore,
    OutOfRange,
    Refused,
    StoreError,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.store.instrumentation import unguarded
from odoo.addons.cloud_base.tests.dialects import DialectServer, Reply

from ..client import client_for
from ..settings import SwiftSettings
from ..store import SwiftStore

DATE = "Mon, 02 Nov 2026 10:00:00 GMT"
ID = {"X-Trans-Id": "tx1"}
OBJECT = {**ID, "ETag": "x", "Last-Modified": DATE}
HTML = {"Content-Type": "text/html"}
JSON = {**ID, "Content-Type": "application/json"}
PAGE = b"<html><body>Please log in"
EXPIRES = "2036-11-02T10:00:00.000000Z"
LIBRARY_LOG = "keystoneauth.session"


@tagged("post_install", "-at_install")
class TestDialects(BaseCase):
    """The server is Keystone (``/v3``) and Swift (``/v1``) at the same time."""

    def setUp(self):
        super().setUp()
        self.addCleanup(client_for._forget)
        # each answer alone: after some failures the circuit breaker would answer
        self.patch(ObjectStore, "contact", staticmethod(unguarded))
        self.reply = Reply(503)
        self.login = self.token
        self.server = DialectServer(self.speak)
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)

    def speak(self, request):
        if request.path.startswith("/v3"):
            return self.login()
        return self.reply(request) if callable(self.reply) else self.reply

    def token(self):
        endpoint = {"interface": "public", "region_id": "r", "region": "r", "id": "e"}
        service = {
            "type": "object-store",
            "id": "s",
            "name": "swift",
            "endpoints": [{**endpoint, "url": f"{self.server.url}/v1/AUTH_p"}],
        }
        token = {"expires_at": EXPIRES, "issued_at": EXPIRES, "catalog": [service]}
        body = json.dumps({"token": {**token, "methods": ["password"]}}).encode()
        return Reply(201, {"X-Subject-Token": "t", "Content-Type": "application/json"}, body)

    def store(self):
        client_for._forget()
        settings = SwiftSettings(
            SWIFT_AUTH_URL=f"{self.server.url}/v3",
            SWIFT_ACCOUNT="odoo",
            SWIFT_PASSWORD="very secret",
            SWIFT_PROJECT_NAME="project",
            SWIFT_MAX_ATTEMPTS=1,
        )
        return SwiftStore(settings, "container")

    def uses(self, store):
        return {
            "put": lambda: store.put("key", b"x"),
            "read": lambda: store.read("key"),
            "open": lambda: store.open("key", 2, 3).read(),
            "head": lambda: store.head("key"),
            "exists": lambda: store.exists("key"),
            "list": lambda: list(store.list("prefix")),
            "delete": lambda: self.delete(store),
        }

    def delete(self, store):
        for error in store.delete_many(["key", "other"]).values():
            raise error

    def assert_fails(self, expected, reply, *verbs):
        self.reply = reply
        store = self.store()
        for name, use in self.uses(store).items():
            if verbs and name not in verbs:
                continue
            with self.subTest(name, reply=reply), self.assertRaises(expected) as caught:
                use()
            self.assertNotIn("very secret", str(caught.exception))

    @mute_logger(LIBRARY_LOG)
    def test_a_page_is_unavailable_whatever_its_status(self):
        for status in (200, 204, 302, 307, 404, 429, 500, 502, 503):
            headers = {**HTML, **({"Location": "/login"} if 300 < status < 400 else {})}
            self.assert_fails(Unavailable, Reply(status, headers, b"" if status == 204 else PAGE))

    @mute_logger(LIBRARY_LOG)
    def test_a_redirect_gets_no_token_elsewhere(self):
        stolen = []
        with DialectServer(lambda request: stolen.append(request) or Reply(200, OBJECT)) as thief:
            for status in (301, 302, 307, 308):
                self.assert_fails(StoreError, Reply(status, {**ID, "Location": thief.url}))
        self.assertEqual(stolen, [])

    def test_headers_that_are_missing_or_malformed_are_unavailable(self):
        for date in (None, "", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"):
            headers = {**ID, **({} if date is None else {"Last-Modified": date})}
            self.assert_fails(Unavailable, Reply(200, headers, b"there"), "head", "exists")
        for length in ("", "five", "-5", "5, 6"):
            reply = Reply(200, {**OBJECT, "Content-Length": length}, b"there", cut=5)
            self.assert_fails(Unavailable, reply, "head", "exists", "read")
        chunked = {**OBJECT, "Transfer-Encoding": "chunked"}
        body = b"5\r\nthere\r\n0\r\n\r\n"
        self.assert_fails(Unavailable, Reply(200, chunked, body), "head", "exists", "read")

    def test_a_body_that_ends_early_is_unavailable(self):
        reply = Reply(200, {**OBJECT, "Content-Length": "5"}, b"there", cut=3)
        self.assert_fails(Unavailable, reply, "read")

    def test_a_part_is_exactly_the_one_that_was_asked_for(self):
        self.reply = Reply(200, OBJECT, b"0123456789")
        self.assertEqual(self.store().open("key", 2, 3).read(), b"234")
        for part_of, body in (("bytes 3-5/10", b"345"), ("bytes 2-3/10", b"23"), ("x", b"234")):
            reply = Reply(206, {**OBJECT, "Content-Range": part_of}, body)
            self.assert_fails(Unavailable, reply, "open")
        self.assert_fails(OutOfRange, Reply(200, OBJECT, b"0"), "open")

    def test_a_404_of_swift_is_a_missing_object_and_that_of_a_proxy_is_not(self):
        self.assert_fails(NotFound, Reply(404, ID), "read", "head", "open")
        self.assert_fails(Unavailable, Reply(404), "read", "head", "open", "exists")

    def test_what_is_no_listing_is_unavailable(self):
        entry = {"name": "prefix/a", "bytes": 1, "last_modified": "2026-11-02T10:00:00.0"}
        for listing in (
            {"error": "no"},
            [1],
            [{}],
            [{**entry, "name": None}],
            [{**entry, "bytes": "many"}],
            [{**entry, "last_modified": "yesterday"}],
            [{name: value for name, value in entry.items() if name != "bytes"}],
            [entry],  # the same page repeatedly
        ):
            self.assert_fails(Unavailable, Reply(200, JSON, json.dumps(listing).encode()), "list")
        for body in (b"{", b"<html>", b"\xff\xfe"):
            self.assert_fails(Unavailable, Reply(200, JSON, body), "list")

    def test_without_a_report_of_a_deletion_each_object_is_deleted_by_itself(self):
        for report in ({}, [], {"Errors": [["key", "no number"]], "Response Status": "200 OK"}):
            replies = {
                "GET": Reply(200, JSON, b"[]"),  # of its segments
                "POST": Reply(200, JSON, json.dumps(report).encode()),
                "DELETE": Reply(204, ID),
            }
            self.reply = lambda request, replies=replies: replies[request.method]
            # each object is deleted by a separate request, which this server confirms
            self.assertEqual(self.store().delete_many(["key"]), {})
            self.assertIn("DELETE /v1/AUTH_p/container/key", self.server.requests)
            self.server.requests.clear()

    @mute_logger(LIBRARY_LOG)
    def test_what_answers_in_the_place_of_keystone_is_unavailable_or_refuses(self):
        right = self.token()
        subject = {"X-Subject-Token": "t", "Content-Type": "application/json"}
        for expected, reply in (
            (Unavailable, Reply(200, HTML, PAGE)),
            (Unavailable, Reply(201, subject, b"{")),
            (Unavailable, Reply(201, subject, b"[]")),
            (Unavailable, Reply(503, HTML, PAGE)),
            (Unavailable, Reply(502, HTML, PAGE)),
            (StoreError, Reply(201, subject, b"{}")),
            (StoreError, Reply(201, subject, b'{"token": {}}')),
            (StoreError, Reply(201, subject, b'{"token": {"catalog": [1]}}')),
            (StoreError, Reply(201, {"Content-Type": "application/json"}, right.body)),
            (StoreError, Reply(201, {"X-Subject-Token": "t"}, right.body[:40])),
            (Refused, Reply(401, subject, b'{"error": {"code": 401}}')),
            (Refused, Reply(403, HTML, PAGE)),
        ):
            self.login = lambda reply=reply: reply
            self.assert_fails(expected, Reply(200, OBJECT, b"there"), "read")
