"""S3 when its server, or the way to it, fails."""

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import (
    Integrity,
    NotFound,
    Refused,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.fault import (
    ATTEMPTS,
    MIB,
    FaultContract,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.guard import GuardContract
from odoo.addons.base_attachment_object_storage.tests.contracts.store import CleanPrefix
from odoo.addons.cloud_base.tests.new_process import GEVENT, run_python

from ..store import S3Store
from .common import IMPORTS, S3SetUp


class S3Faults:
    """The settings of ``FaultContract`` and ``HttpFaultContract``."""

    def prepare(self):
        self.store = self.make_store()
        self.server_url = self.settings.endpoint
        self.secrets = [self.settings.secret_key.get_secret_value()]

    def make_store_behind(self, proxy):
        settings = self.settings_with(
            AWS_HOST=proxy.url,
            AWS_CONNECT_TIMEOUT=self.timeout_seconds,
            AWS_READ_TIMEOUT=self.timeout_seconds,
            AWS_MAX_ATTEMPTS=ATTEMPTS,
            AWS_MULTIPART_THRESHOLD=5 * MIB,
            AWS_MULTIPART_CHUNKSIZE=5 * MIB,
        )
        return S3Store(settings, self.bucket)


@tagged("post_install", "-at_install")
class TestS3Faults(S3Faults, S3SetUp, FaultContract, CleanPrefix, BaseCase):
    a_part = "partNumber=2"
    loud = ("odoo.addons.attachment_s3.multipart",)

    def test_codes_of_s3_are_told_apart_whatever_their_status(self):
        codes = {
            "SlowDown": Unavailable,
            "RequestTimeout": Unavailable,
            "ExpiredToken": Refused,
            "InvalidAccessKeyId": Refused,
            "RequestTimeTooSkewed": Refused,
            "NoSuchBucket": Refused,
            "NoSuchKey": NotFound,
            "BadDigest": Integrity,
        }
        for code, expected in codes.items():
            body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.proxy.answer(400, body=body)
            with self.subTest(code), self.assertRaises(expected):
                self.behind.read(self.key("there"))

    def test_a_token_that_has_expired_is_refused(self):
        settings = self.settings_with(AWS_SESSION_TOKEN="of yesterday")
        with self.assertRaises(Refused):
            S3Store(settings, self.bucket).read(self.key("there"))

    def test_a_server_without_a_bulk_request_deletes_singly(self):
        names = [self.key(f"{number}") for number in range(20)]
        for code, status in (("NotImplemented", 501), ("MethodNotAllowed", 405), ("", 405)):
            for name in names:
                self.store.put(name, b"x")
            body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
            self.proxy.answer(status, body=body, only=r"POST .*\?delete")
            with self.subTest(code):
                self.assertEqual(self.behind.delete_many([*names, self.key("never")]), {})
            listed = [found.key for found in self.store.list(self.prefix)]
            self.assertEqual(listed, [self.key("doomed"), self.key("there")])

    def test_a_proxy_of_the_settings_is_used(self):
        settings = self.settings_with(
            AWS_HOST="http://s3.example.com", AWS_PROXY=self.proxy.url, AWS_MAX_ATTEMPTS=1
        )
        self.proxy.answer(404, body=b"<Error><Code>NoSuchKey</Code></Error>")
        with self.assertRaises(NotFound):
            S3Store(settings, self.bucket).read("object")
        self.assertIn("s3.example.com", self.proxy.requests[-1])

    def test_greenlets_wait_for_the_server_side_by_side(self):
        self.proxy.latency = 0.5
        code = IMPORTS + (
            "import gevent\n"
            "store = S3Store(S3Settings.read(), bucket)\n"
            "store.exists('once')\n"
            "reads = [gevent.spawn(store.exists, str(n)) for n in range(16)]\n"
            "gevent.joinall(reads, raise_error=True)"
        )
        run_python(
            code,
            self.bucket,
            first=GEVENT,
            AWS_HOST=self.proxy.url,
            AWS_ACCESS_KEY_ID=self.settings.access_key.get_secret_value(),
            AWS_SECRET_ACCESS_KEY=self.settings.secret_key.get_secret_value(),
        )
        # one after the other they would share one
        self.assertGreaterEqual(self.proxy.most_connections, 8)


@tagged("post_install", "-at_install")
class TestS3Guard(S3Faults, S3SetUp, GuardContract, CleanPrefix, BaseCase):
    loud = ("odoo.addons.attachment_s3.multipart",)
