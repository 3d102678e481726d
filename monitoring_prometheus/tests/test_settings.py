from pydantic import ValidationError

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.events.http_requests import PROBES
from odoo.addons.cloud_base.settings import sentences
from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import PrometheusSettings


@tagged("-at_install", "post_install")
class TestSettings(BaseCase):
    def test_it_counts_without_a_setting(self):
        settings = PrometheusSettings(ODOO_PROMETHEUS="1")
        self.assertTrue(settings.enabled)
        self.assertIsNone(settings.port)
        self.assertIsNone(settings.token)
        self.assertEqual(settings.ignored_routes, PROBES)
        self.assertIn("prometheus", settings.values_directory.parts)

    def test_routes_are_listed_with_commas(self):
        settings = PrometheusSettings(ODOO_PROMETHEUS_IGNORED_ROUTES="/a, /b/<int:id>,")
        self.assertEqual(settings.ignored_routes, {"/a", "/b/<int:id>"})

    def test_mistakes_name_the_variable_and_no_value(self):
        with self.assertRaises(ValidationError) as caught:
            PrometheusSettings(ODOO_PROMETHEUS="perhaps", ODOO_PROMETHEUS_PORT="70000")
        told = sentences(caught.exception)
        self.assertEqual(
            [sentence.partition(":")[0] for sentence in told],
            ["ODOO_PROMETHEUS", "ODOO_PROMETHEUS_PORT"],
        )
        self.assertNotIn("70000", " ".join(told))

    def test_the_token_is_not_printed(self):
        self.assertNotIn("hush", repr(PrometheusSettings(ODOO_PROMETHEUS_TOKEN="hush")))


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = PrometheusSettings
    right = {"ODOO_PROMETHEUS": "1"}
