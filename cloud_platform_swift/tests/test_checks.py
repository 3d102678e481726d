from odoo.tests import BaseCase

from odoo.addons.cloud_platform.checks.registry import judge
from odoo.addons.cloud_platform.tests.rules_contract import StorageRulesContract


class TestSwiftRules(StorageRulesContract, BaseCase):
    scheme = "swift"
    kind = "swift"
    container = "SWIFT_WRITE_CONTAINER"
    unstructured = "SWIFT_WRITE_CONTAINER_UNSTRUCTURED"
    credentials = {
        "SWIFT_AUTH_URL": "https://auth.example.com/v3",
        "SWIFT_ACCOUNT": "odoo",
        "SWIFT_PASSWORD": "secret",
    }

    def test_an_application_credential_needs_no_user(self):
        variables = {
            "SWIFT_AUTH_URL": "https://auth.example.com/v3",
            "SWIFT_WRITE_CONTAINER": "acme-odoo-prod",
            "SWIFT_APPLICATION_CREDENTIAL_ID": "0123",
        }
        self.assertEqual(self.found(self.facts("prod", "swift", variables)), [])

    def test_the_known_messages(self):
        self.assertIn(
            "Swift must be used on production and integration instances. It is activated by"
            " setting 'ir_attachment.location' to 'swift'. The 'install()' function sets this"
            " option automatically.",
            str(judge(self.facts("integration", "file", {}))),
        )


class TestFormerKind(TestSwiftRules):
    kind = "ovh"
