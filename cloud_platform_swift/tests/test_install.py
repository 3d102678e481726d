import os

from odoo.tests import TransactionCase, tagged

from odoo.addons.attachment_swift.settings import SwiftSettings
from odoo.addons.attachment_swift.store import SwiftStore
from odoo.addons.attachment_swift.tests.common import SwiftSetUp
from odoo.addons.base_attachment_object_storage.store import Refused, StoreUri
from odoo.addons.cloud_platform.checks.inputs import read_database
from odoo.addons.cloud_platform.tests.common import probe_at_once, set_running_env

from ..checks import STORE


@tagged("post_install", "-at_install")
class TestInstall(SwiftSetUp, TransactionCase):
    def setUp(self):
        super().setUp()
        model = self.registry["ir.attachment"]
        self.patch(model, "_swift_settings", lambda records: self.settings)
        self.parameters = self.env["ir.config_parameter"].sudo()
        kinds = self.registry["cloud.platform"]
        self.patch(kinds, "_platform_kinds", lambda records: ["swift"])
        # the rules of the name are test_checks.py's
        variables = {
            "SWIFT_AUTH_URL": "as the settings have it",
            "SWIFT_ACCOUNT": "as the settings have it",
            "SWIFT_PASSWORD": "as the settings have it",
            "SWIFT_WRITE_CONTAINER": self.bucket,
            "SWIFT_WRITE_CONTAINER_UNSTRUCTURED": "1",
        }
        self.patch(SwiftSettings, "given", classmethod(lambda cls: variables))

    def install(self, environment, **options):
        set_running_env(self, environment)
        return self.env["cloud.platform"].install(**options)

    def created(self):
        values = {"name": "a", "raw": b"a document", "mimetype": "application/pdf"}
        attachment = self.env["ir.attachment"].create(values)
        self.env.flush_all()
        return attachment

    def test_production_stores_in_swift_and_keeps_no_local_file(self):
        attachment = self.created()
        report = self.install("prod")
        self.assertEqual((report["kind"], report["location"]), ("swift", "swift"))
        self.assertEqual(self.parameters.get_param("ir_attachment.location"), "swift")
        self.assertEqual(report["attachments"]["failed"], [])
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT count(*) FROM ir_attachment WHERE store_fname NOT LIKE 'swift://%'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))
        uri = StoreUri.parse(attachment.store_fname)
        self.assertEqual((uri.scheme, uri.container), ("swift", self.bucket))
        self.assertEqual(self.make_store().read(uri.key), b"a document")
        self.assertEqual(self.install("prod")["attachments"]["moved"], 0)

    def test_the_container_is_created_if_it_is_missing_and_not_by_a_dry_run(self):
        name = f"{self.bucket}-{os.getpid()}"
        self.settings = self.settings_with(SWIFT_WRITE_CONTAINER=name)
        self.install("labs-one", dry_run=True)
        with self.assertRaises(Refused):
            list(self.make_store(name).list())
        self.install("labs-one")
        self.assertEqual(list(self.make_store(name).list("no such prefix")), [])

    def test_front_ends_probe_at_the_same_time(self):
        self.install("prod")
        self.env.flush_all()
        database = read_database(self.env.cr, self.env.cr.dbname)
        probe_at_once(STORE, SwiftStore(self.settings, self.bucket), database)

    def test_a_database_of_the_former_platform_is_taken_over(self):
        self.parameters.set_param("cloud.platform.kind", "ovh")
        self.assertEqual(self.install("prod")["kind"], "swift")
        self.assertEqual(self.parameters.get_param("cloud.platform.kind"), "swift")
