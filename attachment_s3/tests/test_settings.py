"""The settings of S3, by value."""

from pydantic import ValidationError

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.settings import sentences
from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import S3Settings

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "very secret"}


@tagged("post_install", "-at_install")
class TestS3Settings(BaseCase):
    def test_a_host_without_a_scheme_is_reached_by_https(self):
        self.assertEqual(S3Settings(AWS_HOST="s3.example.com").endpoint, "https://s3.example.com")
        self.assertEqual(S3Settings(AWS_HOST="http://s3:8333").endpoint, "http://s3:8333")

    def test_a_wrong_host_is_a_mistake_that_names_the_variable(self):
        for host in ("ftp://s3.example.com", "https://"):
            with self.subTest(host), self.assertRaisesRegex(ValidationError, "AWS_HOST"):
                S3Settings(AWS_HOST=host)

    def test_one_key_without_the_other_is_a_mistake_that_names_both(self):
        for name, value in KEYS.items():
            with self.subTest(name), self.assertRaises(ValidationError) as caught:
                S3Settings(**{name: value})
            message = str(caught.exception)
            for variable in KEYS:
                self.assertIn(variable, message)
            self.assertNotIn("very secret", message)

    def test_one_key_without_the_other_is_told_beside_other_mistakes(self):
        with self.assertRaises(ValidationError) as caught:
            S3Settings(AWS_SECRET_ACCESS_KEY="very secret", AWS_CONNECT_TIMEOUT="soon")
        self.assertEqual(
            [sentence.partition(":")[0] for sentence in sentences(caught.exception)],
            ["AWS_SECRET_ACCESS_KEY", "AWS_CONNECT_TIMEOUT"],
        )

    def test_no_key_leaves_the_credentials_to_boto3(self):
        settings = S3Settings(AWS_BUCKETNAME="b")
        self.assertIsNone(settings.access_key)
        self.assertIsNone(settings.secret_key)

    def test_a_secret_is_in_no_representation(self):
        self.assertNotIn("very secret", repr(S3Settings(**KEYS)) + str(S3Settings(**KEYS)))

    def test_db_in_a_bucket_name_is_the_database(self):
        self.assertEqual(S3Settings(AWS_BUCKETNAME="acme-{db}").bucket_for("prod"), "acme-prod")
        self.assertEqual(S3Settings(AWS_BUCKETNAME="acme-odoo").bucket_for("prod"), "acme-odoo")

    def test_writing_without_a_bucket_is_a_mistake_that_names_the_variable(self):
        with self.assertRaisesRegex(ConfigurationError, "AWS_BUCKETNAME"):
            S3Settings(AWS_REGION="us-east-1").bucket_for("prod")

    def test_by_default_a_request_ends_within_a_minute(self):
        settings = S3Settings(AWS_REGION="us-east-1")
        one_try = settings.connect_timeout_seconds + settings.read_timeout_seconds
        self.assertLess(settings.max_attempts * one_try, 45)

    def test_defaults_suit_amazon_or_the_server_of_aws_host(self):
        amazon = S3Settings(AWS_REGION="eu-central-1")
        other = S3Settings(AWS_HOST="https://s3.example.com")
        for settings, style, checksums in (
            (amazon, "auto", "when_supported"),
            (other, "path", "when_required"),
        ):
            self.assertEqual(settings.addressing_style, style)
            self.assertEqual(settings.request_checksums, checksums)
            self.assertEqual(settings.response_checksums, checksums)
        chosen = S3Settings(
            AWS_HOST="https://s3.example.com",
            AWS_ADDRESSING_STYLE="Virtual",
            AWS_REQUEST_CHECKSUM_CALCULATION="WHEN_SUPPORTED",
        )
        self.assertEqual(chosen.addressing_style, "virtual")
        self.assertEqual(chosen.request_checksums, "when_supported")
        self.assertEqual(chosen.response_checksums, "when_required")

    def test_what_is_asked_for_each_object(self):
        self.assertEqual(S3Settings(AWS_REGION="x").object_options(), {})
        settings = S3Settings(
            AWS_SERVER_SIDE_ENCRYPTION="aws:kms",
            AWS_KMS_KEY_ID="alias/odoo",
            AWS_STORAGE_CLASS="STANDARD_IA",
        )
        self.assertEqual(
            settings.object_options(),
            {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": "alias/odoo",
                "StorageClass": "STANDARD_IA",
            },
        )

    def test_a_wrong_value_is_a_mistake_that_names_the_variable(self):
        wrong = {
            "AWS_ADDRESSING_STYLE": "host",
            "AWS_CA_BUNDLE": "/no/such/file",
            "AWS_KMS_KEY_ID": "a key without kms",
            "AWS_MULTIPART_CHUNKSIZE": "0",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "never",
            "AWS_SERVER_SIDE_ENCRYPTION": "rot13",
        }
        for name, value in wrong.items():
            with self.subTest(name), self.assertRaisesRegex(ValidationError, name):
                S3Settings(**{name: value})


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = S3Settings
    right = {}
