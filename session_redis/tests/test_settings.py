from pydantic import ValidationError

from odoo.tests import BaseCase, tagged

from ..settings import RedisSettings


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

    def test_sentinel_is_refused_rather_than_ignored(self):
        for name in ("HOST", "PORT", "MASTER_NAME"):
            message = self.mistakes(**{f"SENTINEL_{name}": "26379"})
            self.assertIn(f"ODOO_SESSION_REDIS_SENTINEL_{name}", message)
            self.assertIn("not supported", message)

    def test_all_mistakes_are_told_at_once(self):
        message = self.mistakes(PORT="x", READ_TIMEOUT="0", CONNECT_TIMEOUT="61", PREFIX="}")
        for name in ("PORT", "READ_TIMEOUT", "CONNECT_TIMEOUT", "PREFIX"):
            self.assertIn(f"ODOO_SESSION_REDIS_{name}", message)

    def test_other_variables_do_not_matter_while_redis_is_off(self):
        for off in ({}, {"ODOO_SESSION_REDIS": "0"}):
            settings = RedisSettings(ODOO_SESSION_REDIS_PORT="x", **off)
            self.assertFalse(settings.enabled)

    def test_flag_that_is_no_flag_is_a_mistake(self):
        with self.assertRaisesRegex(ValidationError, "ODOO_SESSION_REDIS"):
            RedisSettings(ODOO_SESSION_REDIS="perhaps")
