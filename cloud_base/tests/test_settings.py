from pydantic import Field, SecretStr, ValidationError

from odoo.tests import BaseCase, tagged

from ..settings import EnvironmentSettings, Flag, sentences


class Example(EnvironmentSettings):
    port: int = Field(default=80, alias="EXAMPLE_PORT", gt=0)
    enabled: Flag = Field(default=False, alias="EXAMPLE_ENABLED")
    password: SecretStr | None = Field(default=None, alias="EXAMPLE_PASSWORD", min_length=5)


@tagged("-at_install", "post_install")
class TestSettings(BaseCase):
    def test_values_by_keyword_stand_alone(self):
        self.assertEqual(Example(EXAMPLE_PORT="8080").port, 8080)
        self.assertIsNone(Example(EXAMPLE_PORT="8080").password)

    def test_flag_takes_what_operators_write(self):
        for text in ("1", "true", "True", "YES", "on", " 1 "):
            self.assertTrue(Example(EXAMPLE_ENABLED=text).enabled, text)
        for text in ("0", "false", "No", "off"):
            self.assertFalse(Example(EXAMPLE_ENABLED=text).enabled, text)

    def test_every_mistake_is_told_and_no_value(self):
        with self.assertRaises(ValidationError) as caught:
            Example(EXAMPLE_PORT="eighty", EXAMPLE_ENABLED="perhaps", EXAMPLE_PASSWORD="abc")
        told = sentences(caught.exception)
        self.assertEqual(
            [sentence.partition(":")[0] for sentence in told],
            ["EXAMPLE_PORT", "EXAMPLE_ENABLED", "EXAMPLE_PASSWORD"],
        )
        for value in ("eighty", "perhaps", "abc"):
            self.assertNotIn(value, " ".join(told))

    def test_a_variable_that_is_not_set_is_no_mistake(self):
        self.assertEqual(Example.mistakes(), [])
