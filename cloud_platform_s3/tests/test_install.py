import os
import uuid
from dataclasses import replace

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.attachment_s3.settings import S3Settings
from odoo.addons.attachment_s3.store import S3Store
from odoo.addons.attachment_s3.tests.common import S3SetUp
from odoo.addons.base_attachment_object_storage.ownership.owner import NOBODY, PARAMETER, Owner
from odoo.addons.base_attachment_object_storage.settings import StorageSettings
from odoo.addons.base_attachment_object_storage.store import Refused, StoreError
from odoo.addons.cloud_platform.checks.inputs import read_database
from odoo.addons.cloud_platform.tests.common import probe_at_once, set_running_env

from ..checks import STORE


@tagged("post_install", "-at_install")
class TestInstall(S3SetUp, TransactionCase):
    def setUp(self):
        super().setUp()
        model = self.registry["ir.attachment"]
        self.patch(model, "_s3_settings", lambda records: self.settings)
        self.parameters = self.env["ir.config_parameter"].sudo()
        # no claim of another test is about this database
        self.parameters.set_param("database.uuid", str(uuid.uuid4()))
        self.parameters.set_param(PARAMETER, False)
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

    def test_front_ends_probe_at_the_same_time_and_leave_no_object(self):
        self.install("prod")
        store = S3Store(self.settings, self.bucket)
        before = {info.key for info in store.list(self.owner().prefix)}
        self.env.flush_all()
        database = read_database(self.env.cr, self.env.cr.dbname)
        probe_at_once(STORE, store, database)
        self.assertEqual({info.key for info in store.list(self.owner().prefix)}, before)

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

    def test_a_storage_that_is_switched_off_is_installed_without_being_touched(self):
        name = f"{self.bucket}-off-{os.getpid()}"
        self.settings = self.settings_with(AWS_BUCKETNAME=name)
        self.created()
        before = self.local_files()
        switched_off = StorageSettings(DISABLE_ATTACHMENT_STORAGE="1")
        model = self.registry["ir.attachment"]
        self.patch(model, "_attachment_storage_settings", lambda records: switched_off)
        for environment in ("prod", "integration", "labs", "test", "dev"):
            with self.subTest(environment):
                report = self.install(environment)
                self.assertIn("DISABLE_ATTACHMENT_STORAGE", report["attachments"]["message"])
                self.assertEqual(self.local_files(), before)
        self.assertEqual(self.parameters.get_param("cloud.platform.kind"), "s3")
        with self.assertRaises(StoreError):
            list(S3Store(self.settings, name).list())

    # --- who owns the files

    def owner(self):
        return Owner.parse(self.parameters.get_param(PARAMETER))

    def claim(self):
        return Owner.parse(S3Store(self.settings, self.bucket).read(self.owner().claim_key))

    def be_a_copy_of(self, **original):
        """Write the record of another database, like after ``createdb -T``."""
        self.install("prod")
        self.parameters.set_param(PARAMETER, str(replace(self.owner(), **original)))

    def test_a_first_installation_claims_the_files(self):
        report = self.install("prod")
        self.assertEqual(report["owner"], self.owner().as_dict())
        self.assertEqual(self.claim(), self.owner())
        self.assertEqual(
            (self.owner().database, self.owner().environment), (self.env.cr.dbname, "prod")
        )
        self.assertNotIn("not-owned", " ".join(report["findings"]))
        self.assertEqual(self.env["cloud.platform"].status()["ownership"]["standing"], "owner")
        self.assertEqual(self.install("prod")["owner"], report["owner"])

    def test_a_copy_is_not_installed_before_it_is_said_what_it_is(self):
        self.be_a_copy_of(database="the-original")
        for dry_run in (True, False):
            with self.assertRaisesRegex(UserError, "the-original.*cloud_platform fork -d"):
                self.install("prod", dry_run=dry_run)
        with self.assertRaisesRegex(Refused, "cloud_platform fork -d"):
            self.created(b"of the copy")
        self.assertTrue(any(f.id == "copy" for f in self.env["cloud.platform"].check().findings))

    def test_in_test_and_dev_a_copy_needs_no_decision(self):
        self.be_a_copy_of(database="the-original")
        self.assertEqual(self.install("dev")["location"], "db")
        self.assertTrue(self.created(b"in the database").db_datas)
        with self.assertRaisesRegex(UserError, "nothing to own"):
            self.env["cloud.platform"].fork("s3")

    def test_a_fork_is_planned_decided_and_installed(self):
        self.be_a_copy_of(database="the-original")
        before = self.owner()
        plan = self.env["cloud.platform"].fork("s3", dry_run=True)
        self.assertEqual((plan["standing"], plan["owner"]), ("copy", before.as_dict()))
        self.assertEqual(self.owner(), before)
        report = self.env["cloud.platform"].fork("s3")
        self.assertEqual(report["new_owner"], self.owner().as_dict())
        self.assertNotEqual(self.owner().prefix, before.prefix)
        self.assertEqual(self.claim(), self.owner())
        self.install("prod")
        self.assertIn(self.owner().prefix, self.created(b"of the fork").store_fname)

    def test_adopting_takes_the_place_of_the_original(self):
        self.be_a_copy_of(database="the-original")
        before = self.owner()
        self.env["cloud.platform"].adopt("s3")
        self.assertEqual(self.owner(), replace(before, database=self.env.cr.dbname))
        self.assertEqual(self.claim(), self.owner())
        self.install("prod")

    def test_a_fork_into_the_bucket_of_another_environment_is_refused(self):
        self.be_a_copy_of(database="the-original")
        set_running_env(self, "integration")
        self.variables |= {"AWS_BUCKETNAME": "acme-odoo-prod", "AWS_BUCKETNAME_UNSTRUCTURED": "0"}
        with self.assertRaisesRegex(UserError, "F6"):
            self.env["cloud.platform"].fork("s3")

    def test_a_neutralized_copy_becomes_a_fork_when_it_is_installed(self):
        self.install("prod")
        before = self.owner()
        self.parameters.set_param(PARAMETER, NOBODY)
        report = self.install("integration")
        self.assertNotEqual(report["owner"]["prefix"], before.prefix)
        self.assertEqual(self.claim(), self.owner())

    def test_another_bucket_of_the_same_database_is_claimed_as_well(self):
        self.install("prod")
        name = f"{self.bucket}-another-{os.getpid()}"
        self.settings = self.settings_with(AWS_BUCKETNAME=name)
        self.assertEqual(self.install("prod")["owner"]["container"], name)
