"""Uninstalling the addon of a store: mixed in by each backend addon."""

from odoo.exceptions import UserError


class UninstallContract:
    """Mixed into a test case that sets ``scheme`` and ``addon``, on the environment's store."""

    allow_inherited_tests_method = True

    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"]
        self.set_location("db")
        # the objects of other tests, or of the instance
        self.attachments.flush_model()
        self.env.cr.execute("UPDATE ir_attachment SET store_fname = NULL")

    def set_location(self, location):
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", location)

    def uninstall(self, name):
        module = self.env["ir.module.module"].search([("name", "=", name)])
        module.button_uninstall()
        return module.state

    def stored(self):
        self.attachments._get_object_store(self.scheme).create_container()
        return self.attachments.with_context(storage_location=self.scheme).create(
            {"name": "a.pdf", "mimetype": "application/pdf", "raw": b"in the store"}
        )

    def test_each_store_belongs_to_its_addon(self):
        self.assertEqual(self.attachments._stores_of([self.addon]), [self.scheme])
        self.assertEqual(self.attachments._stores_of(["web"]), [])

    def test_uninstalling_with_files_in_the_store_is_refused(self):
        stored = self.stored()
        for name in (self.addon, "base_attachment_object_storage", "cloud_base"):
            with self.subTest(name), self.assertRaisesRegex(UserError, "1 attachments"):
                self.uninstall(name)
        states = self.env["ir.module.module"].search([("state", "=", "to remove")])
        self.assertFalse(states)
        self.set_location("db")
        self.attachments.force_storage()
        self.assertEqual(stored.db_datas, b"in the store")
        self.assertEqual(self.uninstall(self.addon), "to remove")

    def test_an_addon_without_a_store_is_uninstalled(self):
        self.stored()
        self.set_location(self.scheme)
        for addon in self.env["ir.module.module"].search([("state", "=", "installed")]):
            if addon.name != self.addon and not addon.downstream_dependencies():
                break
        self.assertEqual(self.uninstall(addon.name), "to remove")

    def test_uninstalling_while_new_files_go_to_the_store_is_refused(self):
        self.set_location(self.scheme)
        with self.assertRaisesRegex(UserError, "ir_attachment.location|cloud_platform uninstall"):
            self.uninstall(self.addon)
        self.set_location("file")
        self.assertEqual(self.uninstall(self.addon), "to remove")
