import os

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.attachment_s3.settings import S3Settings
from odoo.addons.attachment_s3.store import S3Store
from odoo.addons.attachment_s3.tests.common import S3SetUp
from odoo.addons.base_attachment_object_storage.store import StoreError
from odoo.addons.cloud_platform.tests.common import set_running_env


@tagged("post_install", "-at_install")
class TestInstall(S3SetUp, TransactionCase):
    def setUp(self):
        super().setUp()
        model = self.registry["ir.attachment"]
        self.patch(model, "_s3_settings", lambda records: self.settings)
        self.parameters = self.env["ir.config_parameter"].sudo()
        # the rules of the name are test_checks.py's
        self.variables = {
            "AWS_ACCESS_KEY_ID": "as the settings have it",
            "AWS_SECRET_ACCESS_KEY": "as the settings have it",
            "AWS_BUCKETNAME": self.bucket,
            "AWS_BUCKETNAME_UNSTRUCTURED": "1",
        }
        self.patch(S3Settings, "given", classmethod(lambda cls: self.variables))

    def install(self, environment, kind="s3", **options):
        set_running_env(self, environment)
        return self.env["cloud.platform"].install(kind, **options)

    def local_files(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT count(*) FROM ir_attachment WHERE store_fname NOT LIKE 's3://%'"
        )
        return self.env.cr.fetchone()[0]

    def created(self, content=b"a document", mimetype="application/pdf"):
        values = {"name": "a", "raw": content, "mimetype": mimetype}
        attachment = self.env["ir.attachment"].create(values)
        self.env.flush_all()
        return attachment

    def test_production_stores_in_s3_and_keeps_no_local_file(self):
        attachment = self.created()
        style = self.created(b"body {}", "text/css")
        self.assertGreater(self.local_files(), 2)
        report = self.install("prod")
        self.assertEqual((report["kind"], report["location"]), ("s3", "s3"))
        self.assertEqual(self.parameters.get_param("ir_attachment.location"), "s3")
        self.assertEqual(report["attachments"]["failed"], [])
        self.assertEqual(self.local_files(), 0)
        scheme, _colon, rest = attachment.store_fname.partition("://")
        bucket, _slash, key = rest.partition("/")
        self.assertEqual((scheme, bucket), ("s3", self.bucket))
        self.assertEqual(S3Store(self.settings, bucket).read(key), b"a document")
        self.assertEqual((style.store_fname, style.raw), (False, b"body {}"))

    def test_a_second_call_moves_nothing(self):
        self.created()
        self.assertGreater(self.install("integration")["attachments"]["moved"], 0)
        self.assertEqual(self.install("integration")["attachments"]["moved"], 0)

    def test_the_bucket_is_created_if_it_is_missing(self):
        # creating is left to install(); a bucket that exists is just as well
        name = f"{self.bucket}-{os.getpid()}"
        self.settings = self.settings_with(AWS_BUCKETNAME=name)
        self.install("labs-one")
        self.assertEqual(list(S3Store(self.settings, name).list("no such prefix")), [])
        self.install("labs-one")

    def test_test_and_dev_store_in_the_database(self):
        self.created()
        for environment in ("test", "dev"):
            with self.subTest(environment):
                self.assertEqual(self.install(environment)["location"], "db")
                self.assertEqual(self.local_files(), 0)

    def test_a_wrong_bucket_is_refused_before_anything_is_touched(self):
        name = f"acme{os.getpid()}-odoo-prod"
        self.settings = self.settings_with(AWS_BUCKETNAME=name)
        self.variables |= {"AWS_BUCKETNAME": name, "AWS_BUCKETNAME_UNSTRUCTURED": "0"}
        with self.assertRaisesRegex(UserError, "AWS_BUCKETNAME should not match"):
            self.install("integration")
        self.assertFalse(self.parameters.get_param("cloud.platform.kind"))
        with self.assertRaises(StoreError):
            list(S3Store(self.settings, name).list())

    def test_what_is_wrong_with_the_sessions_is_told_and_stops_nothing(self):
        report = self.install("prod")
        self.assertTrue(any(text.startswith("R1 error") for text in report["findings"]))
        self.assertEqual(report["location"], "s3")

    def test_a_dry_run_touches_nothing(self):
        name = f"{self.bucket}-dry-{os.getpid()}"
        self.settings = self.settings_with(AWS_BUCKETNAME=name)
        self.created()
        before = self.local_files()
        report = self.install("prod", dry_run=True)
        self.assertEqual((report["dry_run"], report["location"]), (True, "s3"))
        self.assertGreater(report["attachments"]["files"], 0)
        self.assertFalse(self.parameters.get_param("cloud.platform.kind"))
        self.assertEqual(self.local_files(), before)
        with self.assertRaises(StoreError):
            list(S3Store(self.settings, name).list())

    def test_a_database_of_the_former_platform_is_taken_over(self):
        self.parameters.set_param("cloud.platform.kind", "exoscale")
        self.patch(self.registry["cloud.platform"], "_platform_kinds", lambda records: ["x", "s3"])
        self.assertEqual(self.install("prod", kind=None)["kind"], "s3")
        self.assertEqual(self.parameters.get_param("cloud.platform.kind"), "s3")
