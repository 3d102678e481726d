from pydantic import ValidationError

from odoo.tests import BaseCase, tagged
from odoo.tools import config

from odoo.addons.cloud_base.events.http_requests import PROBES, STATIC
from odoo.addons.cloud_base.settings import sentences
from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import StatsdSettings


@tagged("-at_install", "post_install")
class TestSettings(BaseCase):
    def mistakes(self, **variables):
        with self.assertRaises(ValidationError) as caught:
            StatsdSettings(**variables)
        return sentences(caught.exception)

    def test_nothing_is_sent_without_a_setting(self):
        self.assertFalse(StatsdSettings(STATSD_CUSTOMER="acme").enabled)

    def test_defaults_are_those_of_the_first_releases(self):
        settings = StatsdSettings(ODOO_STATSD="1", STATSD_CUSTOMER="acme")
        self.assertEqual(
            (settings.host, settings.port, settings.prefix, settings.datagram_bytes),
            ("localhost", 8125, "odoo", 512),
        )
        self.assertFalse(settings.ipv6)
        self.assertIsNone(settings.tags)

    def test_health_checks_and_static_files_are_not_counted_by_default(self):
        settings = StatsdSettings(ODOO_STATSD="0")
        self.assertEqual(settings.ignored_routes, {*PROBES, STATIC})
        settings = StatsdSettings(
            ODOO_STATSD="1", STATSD_CUSTOMER="acme", STATSD_IGNORED_ROUTES="/a, /b/<int:id>,"
        )
        self.assertEqual(settings.ignored_routes, {"/a", "/b/<int:id>"})

    def test_the_customer_is_needed_where_metrics_are_sent(self):
        [told] = self.mistakes(ODOO_STATSD="1", STATSD_CUSTOMER=" ")
        self.assertTrue(told.startswith("STATSD_CUSTOMER: "))

    def test_the_environment_is_server_environment_s_unless_it_is_set(self):
        on = {"ODOO_STATSD": "1", "STATSD_CUSTOMER": "acme"}
        given = StatsdSettings(STATSD_ENVIRONMENT="labs-7", **on)
        self.assertEqual(given.environment_name, "labs-7")
        unset = StatsdSettings(STATSD_CUSTOMER="acme")
        self.assertEqual(unset.environment_name, config["running_env"])
        self.assertTrue(unset.environment_name)

    def test_mistakes_name_the_variable_and_no_value(self):
        told = self.mistakes(
            ODOO_STATSD="perhaps",
            STATSD_PORT="70000",
            STATSD_MAXUDPSIZE="few",
            STATSD_TAGS="telegraf",
        )
        named = [sentence.partition(":")[0] for sentence in told]
        self.assertEqual(named, ["ODOO_STATSD", "STATSD_PORT", "STATSD_MAXUDPSIZE", "STATSD_TAGS"])
        for value in ("perhaps", "70000", "few", "telegraf"):
            self.assertNotIn(value, " ".join(told))

    def test_a_socket_needs_an_absolute_path(self):
        on = {"ODOO_STATSD": "1", "STATSD_CUSTOMER": "acme"}
        settings = StatsdSettings(STATSD_HOST="unix:///run/dsd.socket", **on)
        self.assertEqual(settings.socket_path, "/run/dsd.socket")
        self.assertIsNone(StatsdSettings(**on).socket_path)
        for host in ("unix://run/dsd.socket", "unix:///" + "x" * 200):
            [told] = self.mistakes(STATSD_HOST=host, **on)
            self.assertTrue(told.startswith("STATSD_HOST: "))

    def test_an_address_of_the_other_family_is_a_mistake(self):
        [told] = self.mistakes(ODOO_STATSD="1", STATSD_CUSTOMER="acme", STATSD_HOST="::1")
        self.assertTrue(told.startswith("STATSD_HOST: "))
        on = {"ODOO_STATSD": "1", "STATSD_CUSTOMER": "acme"}
        self.assertTrue(StatsdSettings(STATSD_HOST="::1", STATSD_IPV6="1", **on).ipv6)


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = StatsdSettings
    right = {"ODOO_STATSD": "1", "STATSD_CUSTOMER": "acme"}
