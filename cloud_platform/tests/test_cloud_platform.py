import threading
import time
from concurrent.futures import ThreadPoolExecutor

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.cloud_platform import songs

from .. import admission
from ..checks import ERROR, Finding, Report
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
        self.parameters.set_param("cloud.platform.kind", "exoscale")
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
