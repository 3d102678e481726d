import os
import tempfile

from pydantic import ValidationError

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.settings_contract import SettingsContract

from ..settings import RedisSettings
from ..settings_rules import passed_over


def read(**values):
    return RedisSettings(
        **{f"ODOO_SESSION_REDIS_{name}": value for name, value in values.items()},
        ODOO_SESSION_REDIS="1",
    )


@tagged("-at_install", "post_install")
class TestSettings(BaseCase):
    def mistakes(self, **values):
        with self.assertRaises(ValidationError) as caught:
            read(**values)
        return str(caught.exception)

    def test_defaults(self):
        settings = read()
        self.assertEqual((settings.host, settings.port), ("localhost", 6379))
        self.assertIsNone(settings.password)
        self.assertIsNone(settings.expiration)
        self.assertEqual(settings.expiration_anonymous, 10800)

    def test_expirations_are_numbers(self):
        settings = read(EXPIRATION="3600", EXPIRATION_ANONYMOUS="60")
        self.assertEqual((settings.expiration, settings.expiration_anonymous), (3600, 60))

    def test_expirations_are_positive(self):
        self.assertIn("ODOO_SESSION_REDIS_EXPIRATION\n", self.mistakes(EXPIRATION="0"))
        self.assertIn("_ANONYMOUS", self.mistakes(EXPIRATION_ANONYMOUS="-1"))

    def test_braces_in_the_prefix_are_refused(self):
        self.assertIn("ODOO_SESSION_REDIS_PREFIX", self.mistakes(PREFIX="{x}"))

    def test_unknown_scheme_of_the_url_is_refused_without_showing_it(self):
        message = self.mistakes(URL="http://:hidden@redis")
        self.assertIn("ODOO_SESSION_REDIS_URL", message)
        self.assertNotIn("hidden", message)

    def test_all_mistakes_are_told_at_once(self):
        message = self.mistakes(PORT="x", READ_TIMEOUT="0", CONNECT_TIMEOUT="61", PREFIX="}")
        for name in ("PORT", "READ_TIMEOUT", "CONNECT_TIMEOUT", "PREFIX"):
            self.assertIn(f"ODOO_SESSION_REDIS_{name}", message)

    def test_contradictions_are_told_by_name_all_at_once(self):
        for given, names in (
            ({"PORT": "1", "SOCKET": "/s"}, ["PORT", "SOCKET"]),
            ({"SENTINEL_HOST": "a"}, ["SENTINEL_MASTER_NAME"]),
            ({"SENTINEL_PASSWORD": "a"}, ["SENTINEL_PASSWORD", "SENTINEL_HOST"]),
            ({"SENTINEL_TLS": "1"}, ["SENTINEL_TLS", "SENTINEL_HOST"]),
            (
                {"CLUSTER": "1", "SENTINEL_HOST": "a", "SENTINEL_MASTER_NAME": "m", "DB": "1"},
                ["CLUSTER", "SENTINEL_HOST", "DB"],
            ),
            ({"CLUSTER": "1", "SOCKET": "/s"}, ["CLUSTER", "SOCKET"]),
            ({"CLUSTER": "1", "OLD_KEYS": "1"}, ["CLUSTER", "OLD_KEYS"]),
            ({"CLUSTER": "1", "URL": "redis://a/2"}, ["CLUSTER", "URL"]),
            ({"HOST": "a,b"}, ["HOST", "CLUSTER"]),
            ({"USERNAME": "a"}, ["USERNAME", "PASSWORD"]),
            ({"URL": "redis://a/1", "DB": "2"}, ["DB", "URL"]),
            ({"URL": "redis://a", "TLS": "1"}, ["TLS", "rediss://"]),
            ({"TLS_CA": __file__}, ["TLS_CA", "TLS,"]),
            ({"TLS": "1", "TLS_CERT": __file__}, ["TLS_KEY", "TLS_CERT"]),
            ({"TLS": "1", "TLS_KEY": __file__}, ["TLS_KEY", "TLS_CERT"]),
            ({"TLS": "1", "SOCKET": "/s"}, ["TLS", "SOCKET"]),
        ):
            with self.subTest(given=given):
                message = self.mistakes(**given)
                for name in names:
                    self.assertIn(name if "/" in name else f"ODOO_SESSION_REDIS_{name}", message)
        message = self.mistakes(PORT="x", URL="redis://a", TLS_CA="/nowhere", SENTINEL_TLS="1")
        for name in ("PORT", "TLS_CA", "SENTINEL_TLS"):
            self.assertIn(f"ODOO_SESSION_REDIS_{name}\n", message)

    def test_what_the_old_suite_took_together_is_taken_and_told(self):
        sentinel = {"SENTINEL_HOST": "a", "SENTINEL_MASTER_NAME": "m"}
        for given, unused in (
            ({"HOST": "a", "PORT": "1", "URL": "redis://b"}, ["HOST", "PORT"]),
            ({**sentinel, "HOST": "b", "PORT": "1"}, ["HOST", "PORT"]),
            ({**sentinel, "URL": "redis://b"}, ["URL"]),
            ({"URL": "redis://:a@b", "PASSWORD": "c"}, ["PASSWORD"]),
            ({"HOST": "a", "SENTINEL_PORT": "1", "SENTINEL_MASTER_NAME": "m"}, []),
        ):
            with self.subTest(given=given):
                self.assertTrue(read(**given).enabled)
                told = passed_over(given)
                wanted = [f"ODOO_SESSION_REDIS_{name} is not used" for name in unused]
                self.assertEqual([text.partition(":")[0] for text in told], wanted)

    def test_flag_that_is_off_contradicts_nothing(self):
        settings = read(SENTINEL_HOST="a", SENTINEL_MASTER_NAME="m", CLUSTER="0", TLS="off")
        self.assertEqual(settings.sentinels, [("a", 26379)])

    def test_file_that_is_not_there_is_a_mistake(self):
        message = self.mistakes(TLS="1", TLS_CA="/nowhere/ca.pem")
        self.assertIn("ODOO_SESSION_REDIS_TLS_CA", message)

    def test_file_that_may_not_be_read_is_a_mistake(self):
        with tempfile.NamedTemporaryFile() as key:
            os.chmod(key.name, 0)
            if not os.getuid():
                # whom no mode keeps from reading
                os.seteuid(65534)
                self.addCleanup(os.seteuid, 0)
            message = self.mistakes(TLS="1", TLS_CERT=__file__, TLS_KEY=key.name)
            if not os.getuid():
                os.seteuid(0)
        self.assertIn("ODOO_SESSION_REDIS_TLS_KEY\n", message)

    def test_several_hosts_with_and_without_ports(self):
        settings = read(SENTINEL_HOST="a, b:1,[::1]:2,[::2]", SENTINEL_MASTER_NAME="m")
        wanted = [("a", 26379), ("b", 1), ("::1", 2), ("::2", 26379)]
        self.assertEqual(settings.sentinels, wanted)
        self.assertEqual(read(HOST="a,b:1", CLUSTER="1").nodes, [("a", 6379), ("b", 1)])
        for wrong in ("a:b", "a:99999", "a b"):
            message = self.mistakes(SENTINEL_HOST=wrong, SENTINEL_MASTER_NAME="m")
            self.assertIn("ODOO_SESSION_REDIS_SENTINEL_HOST", message)

    def test_no_secret_is_in_a_message(self):
        message = self.mistakes(
            URL="redis://:hidden1@a", PASSWORD="hidden2", SENTINEL_PASSWORD="hidden3", PORT="x"
        )
        self.assertNotIn("hidden", message)

    def test_other_variables_do_not_matter_while_redis_is_off(self):
        for off in ({}, {"ODOO_SESSION_REDIS": "0"}):
            settings = RedisSettings(ODOO_SESSION_REDIS_PORT="x", **off)
            self.assertFalse(settings.enabled)

    def test_flag_that_is_no_flag_is_a_mistake(self):
        with self.assertRaisesRegex(ValidationError, "ODOO_SESSION_REDIS"):
            RedisSettings(ODOO_SESSION_REDIS="perhaps")


@tagged("-at_install", "post_install")
class TestRules(SettingsContract, BaseCase):
    settings_class = RedisSettings
    right = {"ODOO_SESSION_REDIS": "1"}
