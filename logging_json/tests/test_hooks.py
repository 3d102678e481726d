import json

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError

from ..settings import LoggingSettings
from .programs import run_program

PROGRAM = """
import logging, sys, warnings
import odoo
from odoo import netsvc
from odoo.tools import config
config.parse_config(sys.argv[1:])
netsvc.init_logger()
logging.getLogger("early").info("text")
from odoo.addons.logging_json import hooks
hooks.post_load()
logging.getLogger("late").info("active: %s", hooks.is_active())
warnings.warn("two\\nlines")
logging.getLogger("late").info("extra", extra={"dbname": "mine"})
hooks.serve(None)
import threading
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError("password=hunter" + "2")
"""

# 19.0 warns of each that is not given
OPTIONS = ("--http-interface=127.0.0.1",)


@tagged("-at_install", "post_install")
class TestSettings(BaseCase):
    def test_nothing_is_json_unless_it_is_asked_for(self):
        self.assertFalse(LoggingSettings(ODOO_LOGGING_JSON_SCHEMA="ecs").enabled)

    def test_health_checks_and_static_files_are_left_out_by_default(self):
        ignored = LoggingSettings(ODOO_LOGGING_JSON="1").ignored_routes
        self.assertLess(
            {"/web/health", "/cloud_platform/live", "/cloud_platform/ready", "static"}, ignored
        )

    def test_other_routes_or_none_can_be_left_out(self):
        settings = LoggingSettings(
            ODOO_LOGGING_JSON="1", ODOO_LOGGING_JSON_IGNORED_ROUTES=" /a , static,"
        )
        self.assertEqual(settings.ignored_routes, {"/a", "static"})
        settings = LoggingSettings(ODOO_LOGGING_JSON="1", ODOO_LOGGING_JSON_IGNORED_ROUTES="none")
        self.assertEqual(settings.ignored_routes, frozenset())


@tagged("-at_install", "post_install")
class TestSwitch(BaseCase):
    def run_program(self, *options, **variables):
        done = run_program(PROGRAM, *OPTIONS, *options, **variables)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout.splitlines()

    def test_from_post_load_on_every_line_is_json(self):
        text = self.run_program("--load=base,web,logging_json", ODOO_LOGGING_JSON="1")
        begin = next(number for number, line in enumerate(text) if line.startswith("{"))
        self.assertIn("early", "".join(text[:begin]))
        lines = [json.loads(line) for line in text[begin:]]
        # the first lines may be from addons that are imported in between
        lines = lines[-5:]
        told = [line["message"].splitlines()[0] for line in lines]
        self.assertEqual(told[0], "active: True")
        self.assertIn("two", told[1])
        self.assertEqual(lines[2]["extra_dbname"], "mine")
        self.assertIn("ends the thread", told[3])
        self.assertEqual(lines[3]["exc_type"], "ZeroDivisionError")
        self.assertEqual(told[4], "An exception ends the process")
        self.assertEqual(lines[4]["exc_message"], "password=***")

    def test_an_addon_that_comes_late_leaves_text_and_says_so(self):
        lines = self.run_program("--load=base,web", ODOO_LOGGING_JSON="1")
        self.assertFalse([line for line in lines if line.startswith("{")])
        self.assertIn("not in --load", "".join(lines))

    def test_a_wrong_variable_leaves_text(self):
        lines = self.run_program(
            "--load=base,web,logging_json",
            ODOO_LOGGING_JSON="1",
            ODOO_LOGGING_JSON_SCHEMA="xml",
        )
        self.assertFalse([line for line in lines if line.startswith("{")])

    def test_a_wrong_variable_is_named_with_what_it_takes(self):
        with self.assertRaises(Exception) as caught:
            LoggingSettings(
                ODOO_LOGGING_JSON="1",
                ODOO_LOGGING_JSON_SCHEMA="xml",
                ODOO_LOGGING_JSON_MAX_LENGTH="10",
            )
        self.assertNotIsInstance(caught.exception, ConfigurationError)
        self.assertIn("ODOO_LOGGING_JSON_SCHEMA", str(caught.exception))
        self.assertIn("ODOO_LOGGING_JSON_MAX_LENGTH", str(caught.exception))
