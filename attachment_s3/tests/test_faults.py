"""S3 when its server, or the way to it, fails."""

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import (
    Integrity,
    NotFound,
    Refused,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.tests.fault_contract import (
    ATTEMPTS,
    MIB,
    TIMEOUT_SECONDS,
    FaultContract,
)
from odoo.addons.base_attachment_object_storage.tests.store_contract import CleanPrefix

from ..store import S3Store
from .common import S3SetUp


@tagged("post_install", "-at_install")
class TestS3Faults(S3SetUp, FaultContract, CleanPrefix, BaseCase):
    a_part = "partNumber=2"
    loud = ("odoo.addons.attachment_s3.multipart",)

    def prepare(self):
        self.store = self.make_store()
        self.server_url = self.settings.endpoint
        self.secrets = [self.settings.secret_key.get_secret_value()]

    def make_store_behind(self, proxy):
        settings = self.settings_with(
            AWS_HOST=proxy.url,
            AWS_CONNECT_TIMEOUT=TIMEOUT_SECONDS,
            AWS_READ_TIMEOUT=TIMEOUT_SECONDS,
            AWS_MAX_ATTEMPTS=ATTEMPTS,
            AWS_MULTIPART_THRESHOLD=5 * MIB,
            AWS_MULTIPART_CHUNKSIZE=5 * MIB,
        )
        return S3Store(settings, self.bucket)

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
