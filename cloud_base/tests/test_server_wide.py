"""Addons of ``--load``."""

from odoo.service import server
from odoo.tests import BaseCase
from odoo.tools import config, mute_logger

from ..startup import server_wide


class TestServerWide(BaseCase):
    def setUp(self):
        super().setUp()
        self.before = config["server_wide_modules"]
        self.addCleanup(config.__setitem__, "server_wide_modules", self.before)
        self.addCleanup(server_wide._post_loads.pop, "addon_of_a_test", None)
        self.calls = []

    def load(self, names, fails=False):
        """Load some addons, one of them imported before, like a sub-command does."""

        def post_load():
            self.calls.append(1)
            if fails:
                raise ValueError("it fails")

        post_load.__module__ = "odoo.addons.addon_of_a_test.hooks"
        called_once = server_wide.server_wide(post_load)
        # as the series has it
        is_text = isinstance(self.before, str)
        config["server_wide_modules"] = names if is_text else names.split(",")
        with mute_logger("odoo.service.server"):  # there is no such addon
            server.load_server_wide_modules()
        return called_once

    def test_an_addon_that_was_imported_before_has_its_post_load_called_once(self):
        self.load("base,web,addon_of_a_test")()
        with mute_logger("odoo.service.server"):
            server.load_server_wide_modules()
        self.assertEqual(self.calls, [1])

    def test_an_addon_that_is_not_in_load_is_left_to_odoo(self):
        self.load("base,web")
        self.assertEqual(self.calls, [])

    def test_one_that_fails_is_logged_and_hides_no_other(self):
        with self.assertLogs("odoo.addons.cloud_base.startup.server_wide", "ERROR"):
            self.load("base,web,addon_of_a_test", fails=True)
        self.assertEqual(self.calls, [1])

    def test_a_text_and_a_list_are_the_same(self):
        for names in ("base, web,x", ["base", "web", "x"]):
            config["server_wide_modules"] = names
            self.assertEqual(server_wide.server_wide_modules(), ["base", "web", "x"])
