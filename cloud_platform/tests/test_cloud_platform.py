import threading
import time
from concurrent.futures import ThreadPoolExecutor

from odoo.exceptions import UserError, ValidationError
from odoo.tests import TransactionCase, tagged

from odoo.addons.cloud_base import system_parameters
from odoo.addons.cloud_platform import songs

from .. import admission
from ..checks import ERROR, Finding, Report, stored_files
from ..models.cloud_platform import FilestoreKind, PlatformConfig
from .common import set_running_env

REMOTE = FilestoreKind("elsewhere", "remote")


@tagged("post_install", "-at_install")
class TestCloudPlatform(TransactionCase):
    def setUp(self):
        super().setUp()
        self.platform = self.env["cloud.platform"]
        self.parameters = self.env["ir.config_parameter"].sudo()
        self.kinds = ["one"]
        self.patch(self.registry["cloud.platform"], "_platform_kinds", lambda records: self.kinds)
        set_running_env(self, "test")

    def set_by_sql(self, name, value):
        """Set a parameter without the validation of the model."""
        self.parameters.set_param(name, False)
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO ir_config_parameter (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            [name, value],
        )
        self.env.registry.clear_all_caches()

    def kind(self):
        return self.parameters.get_param("cloud.platform.kind")

    def test_the_only_platform_is_installed(self):
        report = self.platform.install()
        self.assertEqual(report["kind"], "one")
        self.assertEqual(self.kind(), "one")

    def test_without_a_configuration_attachments_are_in_the_database(self):
        self.assertEqual(self.platform.install()["location"], "db")
        self.assertEqual(self.parameters.get_param("ir_attachment.location"), "db")

    def test_a_kind_that_no_addon_offers_any_more_is_replaced(self):
        self.set_by_sql("cloud.platform.kind", "exoscale")
        self.platform.install()
        self.assertEqual(self.kind(), "one")

    def test_among_several_platforms_the_parameter_chooses(self):
        self.kinds = ["one", "two"]
        with self.assertRaisesRegex(UserError, "one, two"):
            self.platform.install()
        self.parameters.set_param("cloud.platform.kind", "two")
        self.assertEqual(self.platform.install()["kind"], "two")
        self.assertEqual(self.platform.install("one")["kind"], "one")
        self.assertEqual(self.platform.install()["kind"], "one")

    def test_without_a_platform_the_error_names_one(self):
        self.kinds = []
        with self.assertRaisesRegex(UserError, "cloud_platform_s3"):
            self.platform.install()

    def test_a_kind_that_is_not_installed_is_refused(self):
        with self.assertRaisesRegex(UserError, "another"):
            self.platform._install("another")
        self.assertFalse(self.kind())

    def test_report_that_is_forgotten_meanwhile_is_made_anew(self):
        name = self.env.cr.dbname
        admission.forget(name)
        self.addCleanup(admission.forget, name)
        bad = Report("test", (Finding("x", ERROR, "wrong"),))
        self.patch(admission, "_reports", {name: (bad, -admission.LOOK_AGAIN_SECONDS)})
        self.patch(admission, "_lock", threading.Lock())
        with ThreadPoolExecutor(1) as pool:
            with admission._lock:
                asked = pool.submit(admission.report_of, self.env)
                time.sleep(0.5)  # it reads the bad report, and waits to look again
                admission.forget(name)
            report = asked.result(60)
        self.assertIsNot(report, bad)

    def test_every_labs_environment_is_labs(self):
        set_running_env(self, "labs-finance")
        self.assertEqual(self.platform._get_running_env(), "labs")

    def test_an_unknown_environment_is_refused(self):
        set_running_env(self, "production")
        with self.assertRaisesRegex(UserError, "production.*prod, integration"):
            self.platform.install()
        self.assertFalse(self.kind())

    def test_a_store_that_cannot_be_prepared_changes_nothing(self):
        def fail(records, filestore):
            raise RuntimeError(f"no {filestore.name}")

        model = self.registry["cloud.platform"]
        configuration = PlatformConfig(REMOTE)
        self.patch(model, "_config_by_server_env", lambda records, kind, env: configuration)
        self.patch(model, "_filestore_kinds", lambda records: {REMOTE.name: REMOTE})
        self.patch(model, "_prepare_filestore", fail)
        before = self.parameters.get_param("ir_attachment.location")
        with self.assertRaisesRegex(RuntimeError, "no elsewhere"):
            self.platform.install()
        self.assertEqual(self.parameters.get_param("ir_attachment.location"), before)
        self.assertFalse(self.kind())

    def test_the_song_installs_and_tells(self):
        lines = []

        class Context:
            env = self.env

            def log_line(self, line):
                lines.append(line)

        report = songs.install(Context())
        self.assertEqual(report["kind"], "one")
        self.assertEqual(lines, [str(report)])

    def test_every_parameter_is_validated_when_it_is_written(self):
        for name, wrong, right in (
            ("ir_attachment.location", "S3", "db"),
            ("ir_attachment.storage.serving", "REDIRECT", "redirect"),
            ("ir_attachment.storage.force.database", "[1]", "{}"),
            ("ir_attachment.storage.owner", "me", "nobody"),
            ("cloud.platform.kind", "two", "one"),
        ):
            with self.subTest(name):
                self.assertIn(name, [one.name for one in system_parameters.registered()])
                self.parameters.set_param(name, right)
                with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                    self.parameters.set_param(name, wrong)
                self.assertIn(
                    f"“{wrong}” is not a value of the system parameter {name}.",
                    str(caught.exception),
                )
                self.assertEqual(self.parameters.get_param(name), right)

    def test_a_location_that_became_wrong_is_an_error_and_blocks_moves(self):
        self.platform.install()
        self.set_by_sql("ir_attachment.location", "S3")
        [found] = self.platform.check().findings_of("parameter")
        self.assertIn(
            "“S3” is not a value of the system parameter ir_attachment.location", str(found)
        )
        for move in (self.env["ir.attachment"].force_storage, self.platform.start_move):
            expected = "No file was moved.*“S3”.*Allowed values: db, file"
            with self.subTest(move.__name__), self.assertRaisesRegex(UserError, expected):
                move()

    def test_a_kind_that_no_addon_offers_is_an_error(self):
        self.set_by_sql("cloud.platform.kind", "unheard")
        report = self.platform.check()
        self.assertIn("“unheard”", str(report.findings_of("parameter")))
        self.assertFalse(report.ok)

    def test_files_that_no_installed_addon_reads_are_an_error(self):
        self.platform.install()
        self.assertFalse(self.platform.check().findings_of("files-unreadable"))
        attachment = self.env["ir.attachment"].create({"name": "a", "raw": b"a"})
        self.env.cr.execute(
            "UPDATE ir_attachment SET db_datas = NULL, store_fname = 'azure://c/k' WHERE id = %s",
            [attachment.id],
        )
        stored_files._results.clear()
        self.addCleanup(stored_files._results.clear)
        [found] = self.platform.check().findings_of("files-unreadable")
        self.assertIn("azure://", found.message)

    def test_a_database_of_a_former_release_is_an_error_with_and_without_a_kind(self):
        for kind in ("", "one"):
            self.parameters.set_param("cloud.platform.kind", kind)
            for version, is_wrong in (("1.0.0.0.0", True), ("99.0.3.0.0", False)):
                self.env.cr.execute(
                    "UPDATE ir_module_module SET latest_version = %s"
                    " WHERE name = 'cloud_platform'",
                    [version],
                )
                found = self.platform.check().findings_of("not-updated")
                with self.subTest(kind=kind, version=version):
                    self.assertEqual(bool(found), is_wrong)

    def test_a_degraded_server_moves_nothing_out_of_its_store(self):
        # it keeps new files in the database, but files do not belong there
        attachments = self.env["ir.attachment"]
        self.patch(self.registry[attachments._name], "_get_stores", lambda records: ["elsewhere"])
        self.parameters.set_param("ir_attachment.location", "elsewhere")
        self.patch(admission, "is_degraded", lambda: True)
        finding = Finding("any", ERROR, "something is wrong")
        admission._remember(self.env.cr.dbname, Report("test", (finding,)))
        self.addCleanup(admission.forget, self.env.cr.dbname)
        with admission.job():
            self.assertEqual(attachments._storage(), "db")
            with self.assertRaisesRegex(UserError, "degraded"):
                attachments.force_storage()
            with self.assertRaisesRegex(UserError, "degraded"):
                self.platform.start_move()

    def test_an_installation_that_ends_the_degradation_moves_to_the_store(self):
        moved_to = []
        model = self.registry["ir.attachment"]
        self.patch(model, "_get_stores", lambda records: ["elsewhere"])
        self.patch(model, "force_storage", lambda records: moved_to.append(records._storage()))
        self.patch(model, "_claim_store", lambda records, scheme: None)
        config = PlatformConfig(REMOTE)
        self.patch(self.registry["cloud.platform"], "_config_by_server_env", lambda *_any: config)
        self.patch(admission, "is_degraded", lambda: True)
        finding = Finding("any", ERROR, "something is wrong")
        admission._remember(self.env.cr.dbname, Report("test", (finding,)))
        self.addCleanup(admission.forget, self.env.cr.dbname)
        with admission.job():
            self.platform.install()
        self.assertEqual(moved_to, ["elsewhere"])
