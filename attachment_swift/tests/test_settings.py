"""The settings of Swift, by value."""

from pydantic import ValidationError

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import SwiftSettings

LOGIN = {"SWIFT_ACCOUNT": "odoo", "SWIFT_PASSWORD": "very secret"}
CREDENTIAL = {
    "SWIFT_APPLICATION_CREDENTIAL_ID": "0123",
    "SWIFT_APPLICATION_CREDENTIAL_SECRET": "very secret",
}
URL = "https://auth.example.com"


@tagged("post_install", "-at_install")
class TestSwiftSettings(BaseCase):
    def test_any_address_of_keystone_is_that_of_version_3(self):
        for path in ("", "/", "/v3", "/v3/", "/v2.0"):
            settings = SwiftSettings(SWIFT_AUTH_URL=URL + path)
            self.assertEqual(settings.auth_url, f"{URL}/v3")
            self.assertFalse(settings.is_version_1)
        settings = SwiftSettings(SWIFT_AUTH_URL=f"{URL}/identity/v3")
        self.assertEqual(settings.auth_url, f"{URL}/identity/v3")

    def test_the_login_of_swift_itself_is_told_by_its_address(self):
        for path in ("/auth/v1.0", "/auth/v1"):
            settings = SwiftSettings(SWIFT_AUTH_URL=URL + path, **LOGIN)
            self.assertTrue(settings.is_version_1)
            self.assertEqual(settings.required(), [])

    def test_what_is_missing_is_named(self):
        self.assertEqual(
            [sentence.partition(":")[0] for sentence in SwiftSettings(X="x").required()],
            ["SWIFT_AUTH_URL", "SWIFT_ACCOUNT"],
        )
        (sentence,) = SwiftSettings(SWIFT_AUTH_URL=URL, **LOGIN).required()
        self.assertTrue(sentence.startswith("SWIFT_PROJECT_NAME"))
        self.assertEqual(SwiftSettings(SWIFT_AUTH_URL=URL, **CREDENTIAL).required(), [])

    def test_the_old_name_of_the_project_is_taken(self):
        settings = SwiftSettings(SWIFT_AUTH_URL=URL, SWIFT_TENANT_NAME="odoo", **LOGIN)
        self.assertEqual((settings.owner, settings.required()), ("odoo", []))
        both = SwiftSettings(SWIFT_TENANT_NAME="old", SWIFT_PROJECT_NAME="new")
        self.assertEqual(both.owner, "new")

    def test_half_a_login_is_a_mistake_that_names_both_variables(self):
        for whole in (LOGIN, CREDENTIAL):
            for name, value in whole.items():
                with self.subTest(name), self.assertRaises(ValidationError) as caught:
                    SwiftSettings(**{name: value})
                message = str(caught.exception)
                for variable in whole:
                    self.assertIn(variable, message)
                self.assertNotIn("very secret", message)

    def test_a_wrong_value_is_a_mistake_that_names_the_variable(self):
        wrong = {
            "SWIFT_AUTH_URL": "auth.example.com",
            "SWIFT_CACERT": "/no/such/file",
            "SWIFT_INTERFACE": "outside",
            "SWIFT_READ_TIMEOUT": "soon",
            "SWIFT_SEGMENT_SIZE": str(6 * 1024**3),
        }
        for name, value in wrong.items():
            with self.subTest(name), self.assertRaisesRegex(ValidationError, name):
                SwiftSettings(**{name: value})

    def test_a_secret_is_in_no_representation(self):
        settings = SwiftSettings(**LOGIN, **CREDENTIAL, SWIFT_TEMP_URL_KEY="very secret")
        self.assertNotIn("very secret", repr(settings) + str(settings))

    def test_db_in_a_container_name_is_the_database(self):
        settings = SwiftSettings(SWIFT_WRITE_CONTAINER="acme-{db}")
        self.assertEqual(settings.container_for("prod"), "acme-prod")

    def test_writing_without_a_container_is_a_mistake_that_names_the_variable(self):
        with self.assertRaisesRegex(ConfigurationError, "SWIFT_WRITE_CONTAINER"):
            SwiftSettings(SWIFT_REGION_NAME="x").container_for("prod")

    def test_by_default_a_request_ends_within_a_minute(self):
        settings = SwiftSettings(SWIFT_REGION_NAME="x")
        one_try = settings.connect_timeout_seconds + settings.read_timeout_seconds
        self.assertLess(settings.max_attempts * one_try, 45)


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = SwiftSettings
    right = {}
