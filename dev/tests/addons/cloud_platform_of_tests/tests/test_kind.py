"""An addon that was written for the old platform works with this one."""

from contextlib import contextmanager

from odoo.tests import TransactionCase, tagged
from odoo.tools import config


@tagged("post_install", "-at_install")
class TestThirdPartyKind(TransactionCase):
    def setUp(self):
        super().setUp()
        self.platform = self.env["cloud.platform"]

    def parameter(self, name):
        return self.env["ir.config_parameter"].get_param(name)

    @contextmanager
    def set_option(self, name, value):
        before = config.get(name)
        config[name] = value
        try:
            yield
        finally:
            config[name] = before

    def test_its_only_kind_is_installed_with_its_storage(self):
        with self.set_option("running_env", "prod"):
            self.assertEqual(self.platform.install(), {})  # its override returns nothing
            self.assertEqual(self.parameter("folder.installed"), "folder")
            self.assertEqual(self.parameter("cloud.platform.kind"), "folder")
            attachment = self.env["ir.attachment"].create({"name": "a", "raw": b"content"})
            self.assertEqual(attachment.store_fname.partition("://")[0], "folder")
            self.assertEqual(attachment.raw, b"content")

    def test_an_environment_without_a_word_of_it_gets_the_default(self):
        with self.set_option("running_env", "labs-x"):
            self.platform.install()
        self.assertEqual(self.parameter("ir_attachment.location"), "db")

    def test_its_old_check_is_reported_with_all_others(self):
        with self.set_option("running_env", "test"):
            self.platform.install()
            with self.set_option("folder_is_full", True):
                found = {finding.id: finding for finding in self.platform.check().findings}
        self.assertIn("the folder is full", found["_check_filestore"].message)
        self.assertEqual(found["folder-name"].variable, "FOLDER_NAME")
        self.assertIn("session-redis-loaded", found)
