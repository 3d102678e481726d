"""Unusual answers of S3 servers, and of the proxies before them; see ``amazon.py``."""

import socket
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.parse import urlsplit

from pydantic import SecretStr

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.ownership.keys import key_of_digest
from odoo.addons.base_attachment_object_storage.store import (
    Conflict,
    NotFound,
    ObjectStore,
    OutOfRange,
    Refused,
    StoreError,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.store.content import Content
from odoo.addons.base_attachment_object_storage.store.instrumentation import unguarded
from odoo.addons.base_attachment_object_storage.upload.put import ASK_FIRST, put_content
from odoo.addons.cloud_base.tests.dialects import DialectServer, Reply

from .. import direct, regions
from ..client import client_for
from ..connections import Connections
from ..settings import S3Settings
from ..store import S3Store
from .amazon import DATE, XML, Amazon

LARGE = ASK_FIRST + 1
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "very secret"}
PAGE = b"<html><body>Please log in"
HTML = {"Content-Type": "text/html"}
MALFORMED = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>%s</Region></Error>"
INITIATED = (
    b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
)
OBJECT = {"ETag": '"x"', "Last-Modified": DATE}


class DialectCase(BaseCase):
    def setUp(self):
        super().setUp()
        for forget in (regions.forget, client_for._forget, direct._place_of._forget):
            self.addCleanup(forget)
            forget()
        # each answer alone: after some failures the circuit breaker would answer
        self.patch(ObjectStore, "contact", staticmethod(unguarded))

    def serve(self, speak):
        server = DialectServer(speak)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def store(self, **variables):
        settings = S3Settings(**{**KEYS, "AWS_MAX_ATTEMPTS": 2, **variables})
        return S3Store(settings, "bucket")


@tagged("post_install", "-at_install")
class TestRegions(DialectCase):
    """A bucket in another region than the settings say; Amazon is reached by a proxy."""

    settings = (
        {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"},
        {"AWS_HOST": "http://s3.amazonaws.com"},
        {"AWS_REGION": "us-east-1", "AWS_HOST": "http://s3.us-east-1.amazonaws.com"},
        {"AWS_REGION": "us-west-2", "AWS_HOST": "http://s3.us-west-2.amazonaws.com"},
    )
    verbs = ("put", "read", "head", "list", "delete", "presign", "large")

    def use(self, store, verb):
        if verb == "put":
            store.put("new", b"new")
            self.assertEqual(self.amazon.objects["new"], b"new")
        elif verb == "large":
            store.put("large", bytes(direct.LARGEST + 1))
            self.assertEqual(len(self.amazon.objects["large"]), direct.LARGEST + 1)
        elif verb == "read":
            self.assertEqual(store.read("there"), b"there")
        elif verb == "head":
            self.assertEqual(store.head("there").size, 5)
        elif verb == "list":
            self.assertEqual([found.key for found in store.list("th")], ["there"])
        elif verb == "delete":
            self.assertEqual(store.delete_many(["there"]), {})
            self.assertNotIn("there", self.amazon.objects)
        else:
            url = urlsplit(store.presign("there", 60))
            self.assertIn(f"{self.amazon.region}%2Fs3", url.query)
            proxy = HTTPConnection(urlsplit(self.server.url).netloc, timeout=20)
            with closing(proxy):
                proxy.request("GET", url._replace(scheme="http").geturl())
                answer = proxy.getresponse()
                self.assertEqual((answer.status, answer.read()), (200, b"there"))

    @mute_logger("odoo.addons.attachment_s3.regions")
    def test_each_verb_finds_the_bucket_in_any_region_and_stays_there(self):
        kinds = {
            "usual": Amazon("eu-central-1"),
            "silent": Amazon("eu-central-1", tells_region=False),
            "opt-in": Amazon("me-south-1", is_opt_in=True),
            "silent opt-in": Amazon("me-south-1", is_opt_in=True, tells_region=False),
        }
        self.server = server = self.serve(None)
        self.make_clients_of_http()
        for name, amazon in kinds.items():
            self.amazon, server.speak = amazon, amazon
            for variables in self.settings:
                for verb in self.verbs:
                    with self.subTest(name, verb=verb, **variables):
                        self.check(verb, variables)

    def check(self, verb, variables):
        self.amazon.objects.clear()
        self.amazon.objects["there"] = b"there"
        regions.forget()
        store = self.store(**{"AWS_HOST": None, **self.way(), **variables})
        if verb == "presign" and variables.get("AWS_REGION"):
            self.use(
                store, "head"
            )  # a region that is set is believed until an answer names another
        self.use(store, verb)
        self.amazon.misdirected.clear()
        self.amazon.objects["there"] = b"there"
        self.use(store, verb)
        self.amazon.objects["there"] = b"there"
        self.use(store, "presign")
        self.assertEqual(self.amazon.misdirected, [])

    def way(self):
        """Return the variables by which requests come to the server of the test."""
        return {"AWS_PROXY": self.server.url}

    def make_clients_of_http(self):
        """Use http for botocore's own addresses, because a proxy cannot read https."""

        def plain(request, **_event):
            request.url = request.url.replace("https://", "http://", 1)

        def make(settings, made=client_for._make):
            client = made(settings.model_copy(update={"proxy": SecretStr(self.server.url)}))
            client.meta.events.register("before-sign.s3", plain)
            return client

        self.patch(client_for, "_make", make)


@tagged("post_install", "-at_install")
class TestRegionsDirectly(TestRegions):
    """The same without a proxy, where plain requests go by ``direct.py``."""

    allow_inherited_tests_method = True
    settings = TestRegions.settings[1:]

    def setUp(self):
        super().setUp()
        directly = []
        self.addCleanup(self.assertTrue, directly)

        def connect(connections):
            directly.append(connections._url.hostname)
            connection = HTTPConnection(connections._url.hostname, 80, timeout=20)
            address = urlsplit(self.server.url)
            connection.sock = socket.create_connection((address.hostname, address.port), 20)
            return connection

        self.patch(Connections, "_connect", connect)

    def way(self):
        return {}


@tagged("post_install", "-at_install")
class TestOtherRegions(DialectCase):
    """A server of one's own with a region that the settings do not name, as MinIO has it."""

    def speak(self, request):
        if "/eu-north/s3/" not in request.headers["authorization"]:
            body = b"" if request.method == "HEAD" else MALFORMED % b"eu-north"
            return Reply(400, XML, body)
        return Reply(200, OBJECT, b"" if request.method == "PUT" else b"there")

    def test_its_region_is_taken_from_its_first_answer(self):
        for verb in ("read", "head", "put"):
            regions.forget()
            server = self.serve(self.speak)
            store = self.store(AWS_HOST=server.url)
            uses = {
                "read": lambda store=store: store.read("there"),
                "head": lambda store=store: store.head("there"),
                "put": lambda store=store: store.put("there", b"x"),
            }
            with self.subTest(verb):
                uses[verb]()
                server.requests.clear()
                uses[verb]()
                self.assertEqual(len(server.requests), 1)
                self.assertTrue(direct.serves(store._settings, "bucket"))

    def test_a_url_is_signed_for_it_before_anything_else_was_asked(self):
        server = self.serve(self.speak)
        store = self.store(AWS_HOST=server.url)
        self.assertIn("eu-north", store.presign("there", 60))
        server.requests.clear()
        self.assertIn("eu-north", store.presign("another", 60))
        self.assertEqual(server.requests, [])

    def test_a_url_for_a_region_of_the_settings_sends_nothing(self):
        server = self.serve(self.speak)
        self.store(AWS_HOST=server.url, AWS_REGION="eu-north").presign("there", 60)
        self.assertEqual(server.requests, [])

    def test_a_region_that_leads_nowhere_is_refused_after_a_few_requests(self):
        def speak(request):
            body = (
                b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-%d</Region></Error>"
            )
            return Reply(400, XML, body % len(server.requests))

        server = self.serve(speak)
        store = self.store(AWS_HOST=server.url)
        for use in (store.read, store.head, lambda key: store.put(key, b"x")):
            server.requests.clear()
            with self.assertRaises(Refused):
                use("key")
            self.assertLess(len(server.requests), 8)


@tagged("post_install", "-at_install")
class TestRights(DialectCase):
    """A key without ``s3:ListBucket``, to which a missing object looks forbidden."""

    def test_files_of_every_size_are_stored(self):
        amazon = Amazon("us-east-1", may_list=False)
        server = self.serve(amazon)
        store = self.store(AWS_HOST="http://s3.amazonaws.com", AWS_PROXY=server.url)
        for size in (1, LARGE):
            content = Content(bytes(size))
            key = key_of_digest("owner", content.sha256)
            put_content(store, key, content, "application/pdf")
            self.assertEqual(len(amazon.objects[key]), size)
        # and not a second time
        server.requests.clear()
        put_content(store, key, Content(bytes(LARGE)), "application/pdf")
        self.assertEqual([request.split()[0] for request in server.requests], ["HEAD"])

    def test_a_key_that_may_not_write_is_refused_all_the_same(self):
        server = self.serve(lambda request: Reply(403, XML, b"<Error><Code>AccessDenied</Code>"))
        store = self.store(AWS_HOST=server.url)
        content = Content(bytes(LARGE))
        with self.assertRaises(Refused):
            put_content(store, key_of_digest("owner", content.sha256), content, "")


@tagged("post_install", "-at_install")
class TestForeignAnswers(DialectCase):
    """Every answer ends as a ``StoreError`` of the right kind, by both ways to S3."""

    ways = ("when_required", "when_supported")  # direct.py, botocore

    def setUp(self):
        super().setUp()
        self.server = self.serve(None)

    def uses(self, store):
        return {
            "put": lambda: store.put("key", b"x"),
            "put large": lambda: store.put("key", bytes(direct.LARGEST + 1)),
            "put in parts": lambda: store.put("key", bytes(6 * 1024 * 1024)),
            "read": lambda: store.read("key"),
            "open": lambda: store.open("key", 2, 3).read(),
            "head": lambda: store.head("key"),
            "exists": lambda: store.exists("key"),
            "list": lambda: list(store.list("prefix")),
            "delete": lambda: self.delete(store),
            "delete singly": lambda: store._delete("key"),
        }

    def delete(self, store):
        for error in store.delete_many(["key", "other"]).values():
            raise error

    def outcomes(self, reply):
        """Yield each use, of a server that gives the same answer to every request."""
        self.server.speak = lambda request: reply
        for way in self.ways:
            store = self.store(
                AWS_HOST=self.server.url,
                AWS_REQUEST_CHECKSUM_CALCULATION=way,
                AWS_RESPONSE_CHECKSUM_VALIDATION=way,
                AWS_MULTIPART_THRESHOLD=5 * 1024 * 1024,
                AWS_MULTIPART_CHUNKSIZE=5 * 1024 * 1024,
                AWS_MAX_ATTEMPTS=1,
            )
            for name, use in self.uses(store).items():
                yield f"{way}: {name}", use

    def assert_all(self, expected, reply, leave_out=()):
        for name, use in self.outcomes(reply):
            if name.partition(": ")[2] in leave_out:
                continue
            with self.subTest(name, reply=reply), self.assertRaises(expected) as caught:
                use()
            self.assertNotIn("very secret", str(caught.exception))

    @mute_logger("odoo.addons.attachment_s3.multipart")
    def test_a_page_is_unavailable_whatever_its_status(self):
        for status in (200, 302, 303, 307, 404, 429, 500, 502, 503, 504):
            headers = {**HTML, **({"Location": "/login"} if 300 < status < 400 else {})}
            self.assert_all(Unavailable, Reply(status, headers, PAGE))

    @mute_logger("odoo.addons.attachment_s3.multipart")
    def test_a_redirect_elsewhere_is_an_error_and_is_not_followed(self):
        stolen = []

        def steal(request):
            stolen.append(request)
            return Reply(200, OBJECT, b"forged")

        thief = self.serve(steal)
        for status in (301, 302, 307, 308):
            self.assert_all(StoreError, Reply(status, {"Location": f"{thief.url}/bucket/key"}))
        self.assertEqual(stolen, [])

    @mute_logger("odoo.addons.attachment_s3.multipart")
    def test_codes_decide_whatever_the_status(self):
        codes = {
            "SlowDown": Unavailable,
            "ServerBusy": Unavailable,
            "TooManyRequests": Unavailable,
            "ThrottlingException": Unavailable,
            "TemporaryRedirect": Unavailable,
            "PermanentRedirect": Refused,
            "RequestTimeTooSkewed": Refused,
            "SignatureDoesNotMatch": Refused,
            "ExpiredToken": Refused,
            "NoSuchBucket": Refused,
        }
        for code, expected in codes.items():
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            # HEAD has no body, and says nothing but the status
            self.assert_all(expected, Reply(403, XML, body), leave_out=("head", "exists"))
        self.assert_all(
            Conflict,
            Reply(409, XML, b"<Error><Code>OperationAborted</Code></Error>"),
        )

    @mute_logger("odoo.addons.attachment_s3.multipart")
    def test_what_is_no_xml_of_s3_is_unavailable(self):
        for body in (
            b"",
            b"<",
            b"not XML",
            b"<Other/>",
            b"\xff\xfe",
            b'{"Contents": []}',
            b"<a>" * 99,
        ):
            self.assert_all(Unavailable, Reply(200, XML, body))

    def test_headers_that_are_missing_or_malformed_are_unavailable(self):
        dates = (None, "", "yesterday", "2026-13-45", "Mon, 99 Foo 2026 99:99:99 GMT")
        for date in dates:
            headers = {"ETag": '"x"', **({} if date is None else {"Last-Modified": date})}
            self.assert_verbs(Unavailable, Reply(200, headers, b"there"), "head", "exists")
        for length in ("", "five", "-5", "5, 6", "1e3", "0x10"):
            reply = Reply(200, {**OBJECT, "Content-Length": length}, b"there", cut=5)
            self.assert_verbs(Unavailable, reply, "head", "exists", "read")
        for headers in (
            {**OBJECT, "Connection": "close"},
            {**OBJECT, "Transfer-Encoding": "chunked"},
        ):
            body = b"5\r\nthere\r\n0\r\n\r\n" if "Transfer-Encoding" in headers else b"there"
            self.assert_verbs(Unavailable, Reply(200, headers, body), "head", "exists", "read")

    def test_a_body_that_ends_early_is_unavailable(self):
        reply = Reply(200, {**OBJECT, "Content-Length": "5"}, b"there", cut=3)
        self.assert_verbs(Unavailable, reply, "read")

    def test_a_part_is_exactly_the_one_that_was_asked_for(self):
        whole = Reply(200, OBJECT, b"0123456789")
        for name, use in self.outcomes(whole):
            if name.endswith(": open"):
                with self.subTest(name):
                    self.assertEqual(use(), b"234")
        for status, part_of, body in (
            (206, "bytes 3-5/10", b"345"),
            (206, "bytes 2-3/10", b"23"),
            (206, "bytes 2-9/10", b"23456789"),
            (206, "nonsense", b"234"),
        ):
            reply = Reply(status, {**OBJECT, "Content-Range": part_of}, body)
            self.assert_verbs(Unavailable, reply, "open")
        self.assert_verbs(OutOfRange, Reply(200, OBJECT, b"0"), "open")
        reply = Reply(206, {**OBJECT, "Content-Range": "bytes 0-4/10"}, b"01234")
        self.assert_verbs(Unavailable, reply, "read")

    def assert_verbs(self, expected, reply, *verbs):
        everything = set(self.uses(self.store(AWS_HOST="http://127.0.0.1:1")))
        self.assertLessEqual(set(verbs), everything)
        self.assert_all(expected, reply, leave_out=everything - set(verbs))

    def test_a_404_of_s3_is_a_missing_object_and_that_of_a_page_is_not(self):
        body = b"<Error><Code>NoSuchKey</Code></Error>"
        for reply in (Reply(404, XML, body), Reply(404)):
            for name, use in self.outcomes(reply):
                if name.endswith((": read", ": head", ": open")):
                    with self.subTest(name), self.assertRaises(NotFound):
                        use()
        self.assert_verbs(Unavailable, Reply(404, HTML, PAGE), "read", "head", "open", "exists")

    def test_a_listing_that_does_not_go_on_ends(self):
        page = (
            b"<ListBucketResult><IsTruncated>true</IsTruncated>"
            b"<NextContinuationToken>1</NextContinuationToken></ListBucketResult>"
        )
        self.assert_verbs(Unavailable, Reply(200, XML, page), "list")
        without = b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
        self.assert_verbs(Unavailable, Reply(200, XML, without), "list")

    def test_a_listing_gives_no_object_with_another_prefix(self):
        amazon = Amazon("us-east-1", objects={"mine/a": b"1", "other/b": b"2"})
        server = self.serve(amazon)
        store = self.store(AWS_HOST="http://s3.amazonaws.com", AWS_PROXY=server.url)
        self.assertEqual([found.key for found in store.list("mine/")], ["mine/a"])

    def test_an_error_without_an_end_is_not_read_to_its_end(self):
        sent = []

        def speak(request):
            sent.append(request)
            return Reply(403, {**XML, "Content-Length": str(10**12)}, b"<" * 200_000)

        server = self.serve(speak)
        store = self.store(AWS_HOST=server.url, AWS_MAX_ATTEMPTS=1, AWS_READ_TIMEOUT=30)
        with self.assertRaises(Refused):
            store.read("key")
        self.assertEqual(len(sent), 1)

    @mute_logger("odoo.addons.attachment_s3.multipart")
    def test_an_upload_in_parts_whose_end_is_an_error_under_status_200_has_failed(self):
        def speak(request):
            if request.method == "POST" and "uploads" in request.query:
                return Reply(200, XML, INITIATED)
            if request.method == "PUT":
                return Reply(200, {"ETag": '"x"'})
            if request.method == "DELETE":
                return Reply(204)
            return Reply(200, XML, b"<Error><Code>InternalError</Code></Error>")

        server = self.serve(speak)
        store = self.store(
            AWS_HOST=server.url,
            AWS_MULTIPART_THRESHOLD=5 * 1024 * 1024,
            AWS_MULTIPART_CHUNKSIZE=5 * 1024 * 1024,
        )
        with self.assertRaises(Unavailable):
            store.put("key", bytes(6 * 1024 * 1024))
        self.assertTrue(any(request.startswith("DELETE") for request in server.requests))

    def test_a_bucket_that_is_there_is_taken_in_any_region(self):
        amazon = Amazon("eu-central-1")

        def speak(request):
            if request.method == "PUT" and request.path.strip("/") in ("", "bucket"):
                body = b"<Error><Code>IllegalLocationConstraintException</Code></Error>"
                return Reply(400, XML, body)
            return amazon(request)

        server = self.serve(speak)
        store = self.store(AWS_HOST="http://s3.amazonaws.com", AWS_PROXY=server.url)
        with suppress(Conflict):
            store.create_container()
