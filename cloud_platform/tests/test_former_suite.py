from odoo.tests import TransactionCase, tagged

from ..upgrade_from_2 import REMOVED, RENAMED, take_over

OLD = {
    "cloud_platform_exoscale": ("cloud_platform", "attachment_s3", "monitoring_statsd"),
    "monitoring_status": ("base", "web"),
    "monitoring_log_requests": ("base", "web"),
}
AZURE = {
    "attachment_azure": ("base_attachment_object_storage",),
    "cloud_platform_azure": ("cloud_platform", "attachment_azure"),
}


@tagged("post_install", "-at_install")
class TestFormerSuite(TransactionCase):
    def setUp(self):
        super().setUp()
        self.manifests = {"of_a_project": {"depends": ["base", "monitoring_status"]}}
        # as in a database that has never seen the present suite
        for name in {*RENAMED.values(), *RENAMED, *REMOVED}:
            self.sql("DELETE FROM ir_model_data WHERE module = %s", name)
            self.sql("DELETE FROM ir_model_data WHERE name = %s", f"module_{name}")
            self.sql("DELETE FROM ir_module_module WHERE name = %s", name)
        self.set_parameter("cloud.platform.kind", "")

    def sql(self, query, *values):
        self.env.cr.execute(query, values)
        return self.env.cr.fetchall() if self.env.cr.description else None

    def set_parameter(self, name, value):
        self.env["ir.config_parameter"].set_param(name, value)
        self.env.flush_all()

    def add(self, modules, state="installed"):
        for name, depends in modules.items():
            [(number,)] = self.sql(
                "INSERT INTO ir_module_module (name, state, latest_version)"
                " VALUES (%s, %s, '17.0.1.0.0') RETURNING id",
                *(name, state),
            )
            for depend in depends:
                self.sql(
                    "INSERT INTO ir_module_module_dependency (module_id, name) VALUES (%s, %s)",
                    *(number, depend),
                )
            self.add_id("base", f"module_{name}", "ir.module.module", number)
            model = self.env["ir.model"]._get("ir.attachment")
            self.add_id(name, "model_ir_attachment", "ir.model", model.id)

    def add_id(self, module, name, model, number):
        self.sql(
            "INSERT INTO ir_model_data (module, name, model, res_id, noupdate)"
            " VALUES (%s, %s, %s, %s, true)",
            *(module, name, model, number),
        )

    def take_over(self):
        return take_over(self.env.cr, self.manifests.get)

    def states(self, *names):
        query = "SELECT name, state FROM ir_module_module WHERE name = ANY(%s)"
        return dict(self.sql(query, list(names)))

    def all_rows(self):
        return [
            self.sql(f"SELECT * FROM {table} ORDER BY id")  # pylint: disable=sql-injection
            for table in (
                *("ir_module_module", "ir_module_module_dependency"),
                *("ir_module_module_exclusion", "ir_model_data", "ir_config_parameter"),
            )
        ]

    def test_an_installed_addon_goes_on_under_its_new_name(self):
        self.add(OLD)
        self.set_parameter("cloud.platform.kind", "exoscale")
        [(number,)] = self.sql(
            "SELECT id FROM ir_module_module WHERE name = 'cloud_platform_exoscale'"
        )
        done = self.take_over()
        self.assertEqual(done.renamed, {"cloud_platform_exoscale": "cloud_platform_s3"})
        self.assertEqual((done.kind, done.ok), ("s3", True))
        [(new, state, version)] = self.sql(
            "SELECT name, state, latest_version FROM ir_module_module WHERE id = %s", number
        )
        self.assertEqual((new, state), ("cloud_platform_s3", "installed"))
        self.assertEqual(version, "17.0.1.0.0", "so that its migrations run")
        ids = self.sql(
            "SELECT module, name FROM ir_model_data WHERE res_id = %s"
            " AND model = 'ir.module.module'",
            number,
        )
        self.assertEqual(ids, [("base", "module_cloud_platform_s3")])
        self.assertTrue(self.env.ref("cloud_platform_s3.model_ir_attachment"))
        self.env.invalidate_all()
        self.assertEqual(
            self.env["ir.config_parameter"].search([("key", "=", "cloud.platform.kind")]).value,
            "s3",
        )

    def test_addons_that_are_gone_leave_no_row(self):
        models = self.sql("SELECT count(*) FROM ir_model")
        self.add(OLD)
        done = self.take_over()
        gone = ("monitoring_status", "monitoring_log_requests")
        self.assertEqual(done.removed, {name: REMOVED[name] for name in REMOVED if name in gone})
        self.assertEqual(self.states(*OLD), {})
        self.assertFalse(
            self.sql("SELECT module FROM ir_model_data WHERE module = ANY(%s)", list(gone))
        )
        self.assertFalse(
            self.sql(
                "SELECT id FROM ir_model_data WHERE name = ANY(%s)",
                [f"module_{name}" for name in gone],
            )
        )
        self.assertEqual(self.sql("SELECT count(*) FROM ir_model"), models)

    def test_a_second_call_finds_nothing_to_do(self):
        self.add(OLD)
        self.set_parameter("cloud.platform.kind", "exoscale")
        self.take_over()
        rows = self.all_rows()
        done = self.take_over()
        self.assertEqual((done.renamed, done.removed, done.kind), ({}, {}, "s3"))
        self.assertEqual(self.all_rows(), rows)

    def test_what_odoo_has_listed_meanwhile_gives_way(self):
        self.add(OLD)
        self.add({"cloud_platform_s3": ("cloud_platform",)}, "uninstalled")
        self.take_over()
        self.assertEqual(self.states("cloud_platform_s3"), {"cloud_platform_s3": "installed"})

    def test_an_update_without_the_command_can_be_followed_by_it(self):
        self.add(OLD, "to upgrade")
        self.take_over()
        self.assertEqual(self.states("cloud_platform_s3"), {"cloud_platform_s3": "installed"})
        self.assertEqual(self.states(*OLD), {})

    def test_a_new_addon_that_is_installed_stays_and_the_old_one_goes(self):
        self.add(OLD)
        self.add({"cloud_platform_s3": ("cloud_platform",)})
        self.take_over()
        self.assertEqual(self.states("cloud_platform_s3"), {"cloud_platform_s3": "installed"})
        self.assertEqual(self.states(*OLD), {})

    def test_an_addon_that_was_never_installed_installs_nothing(self):
        self.add({"cloud_platform_ovh": ("cloud_platform",)}, "uninstalled")
        self.take_over()
        self.assertEqual(self.states(*RENAMED, *RENAMED.values()), {})

    def test_an_addon_whose_code_is_there_stays(self):
        self.add(OLD)
        self.manifests["monitoring_status"] = {"depends": ["base", "web"]}
        done = self.take_over()
        self.assertIn("addons path", done.left["monitoring_status"])
        self.assertFalse(done.ok)
        self.assertEqual(self.states("monitoring_status"), {"monitoring_status": "installed"})

    def test_azure_stays_while_files_are_in_it(self):
        self.add(AZURE)
        attachment = self.env["ir.attachment"].create({"name": "a", "raw": b"a"})
        self.env.flush_all()
        self.sql(
            "UPDATE ir_attachment SET store_fname = 'azure://odoo/abc' WHERE id = %s",
            attachment.id,
        )
        done = self.take_over()
        self.assertEqual((done.removed, list(done.left)), ({}, list(reversed(AZURE))))
        self.assertIn("1 attachments are in azure://", done.left["attachment_azure"])
        self.sql("UPDATE ir_attachment SET store_fname = NULL WHERE id = %s", attachment.id)
        self.assertEqual(list(self.take_over().removed), list(reversed(AZURE)))
        self.assertEqual(self.states(*AZURE), {})

    def test_manifests_that_name_former_addons_are_named(self):
        self.add({**OLD, "of_a_project": ("base", "monitoring_status")})
        done = self.take_over()
        self.assertEqual(done.manifests, {"of_a_project": ["monitoring_status"]})
        self.assertFalse(done.ok)
