from odoo.tests import TransactionCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError

from ..startup import conflicting_addons


@tagged("-at_install", "post_install")
class TestConflicts(TransactionCase):
    def test_installed_addon_that_reads_session_files_is_found(self):
        self.assertEqual(conflicting_addons.installed(self.env.cr), [])
        module = self.env["ir.module.module"].create({"name": "auth_session_timeout"})
        self.env.flush_all()
        self.assertEqual(conflicting_addons.installed(self.env.cr), [])
        module.state = "installed"
        self.env.flush_all()
        self.assertEqual(conflicting_addons.installed(self.env.cr), ["auth_session_timeout"])
        [sentence] = conflicting_addons.sentences(["auth_session_timeout"], "acme")
        self.assertTrue(sentence.startswith("ODOO_SESSION_REDIS: "))
        self.assertIn("sessions.max_inactivity_seconds", sentence)

    def test_database_of_this_server_has_none(self):
        try:
            conflicting_addons.check_databases(True)
        except ConfigurationError as error:
            self.fail(error)
