from odoo.tests import BaseCase

from odoo.addons.cloud_platform.checks.registry import judge
from odoo.addons.cloud_platform.tests.rules_contract import StorageRulesContract


class TestS3Rules(StorageRulesContract, BaseCase):
    scheme = "s3"
    kind = "s3"
    container = "AWS_BUCKETNAME"
    unstructured = "AWS_BUCKETNAME_UNSTRUCTURED"
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}

    def test_the_default_credential_chain_is_an_explicit_choice(self):
        variables = {"AWS_BUCKETNAME": "acme-odoo-prod", "AWS_DEFAULT_CREDENTIALS": "1"}
        self.assertEqual(self.found(self.facts("prod", "s3", variables)), [])

    def test_the_known_messages(self):
        facts = self.facts("integration", "file", {})
        self.assertIn(
            "S3 must be used on production and integration instances. It is activated by setting"
            " 'ir_attachment.location' to 's3'. The 'install()' function sets this option"
            " automatically.",
            str(judge(facts)),
        )
        facts = self.facts("prod", "s3", {"AWS_BUCKETNAME": "acme-odoo-prodigy"})
        self.assertIn(
            "AWS_BUCKETNAME should match '<client>-odoo-prod', we got: 'acme-odoo-prodigy'",
            str(judge(facts)),
        )


class TestFormerKind(TestS3Rules):
    kind = "exoscale"
