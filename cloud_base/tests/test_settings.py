import os
from typing import Literal

from pydantic import Field, SecretStr, ValidationError

from odoo.tests import BaseCase, tagged

from .. import settings
from ..problem import Problem, problem_of, without_repetition
from ..settings import EnvironmentSettings, Flag, problems_of, sentences


class Example(EnvironmentSettings):
    code = "EXAMPLE"

    port: int = Field(default=80, alias="EXAMPLE_PORT", gt=0)
    enabled: Flag = Field(default=False, alias="EXAMPLE_ENABLED")
    seconds: float = Field(default=1, alias="EXAMPLE_SECONDS", ge=0.5, le=60)
    level: Literal["high", "low"] | None = Field(default=None, alias="EXAMPLE_LEVEL")
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

    def test_a_sentence_names_the_variable_and_the_expected_value(self):
        for name, wrong, expected in (
            ("EXAMPLE_PORT", "eighty", "a whole number greater than 0"),
            ("EXAMPLE_PORT", "0", "a whole number greater than 0"),
            ("EXAMPLE_ENABLED", "perhaps", "1, true, yes or on; or else 0, false, no or off"),
            ("EXAMPLE_PASSWORD", "abc", "a text of at least 5 characters"),
            ("EXAMPLE_SECONDS", "61", "a number of at least 0.5 and at most 60"),
            ("EXAMPLE_SECONDS", "nan", "a number of at least 0.5 and at most 60"),
            ("EXAMPLE_LEVEL", "middle", "one of: high, low"),
        ):
            with self.assertRaises(ValidationError, msg=name) as caught:
                Example(**{name: wrong})
            [problem] = problems_of(caught.exception, Example)
            self.assertEqual(problem, Problem("EXAMPLE.E001", name, f"expects {expected}"))

    def test_settings_are_parsed_once_for_each_environment(self):
        parsed = []
        self.patch(Example, "_parse", classmethod(lambda cls: parsed.append(cls) or Example()))
        self.patch(settings, "_parsed", {})
        environment = {"EXAMPLE_PORT": "1"}
        self.patch(os, "environ", environment)
        for _number in range(3):
            Example.read()
            Example.problems()
        self.assertEqual(len(parsed), 1)
        environment["EXAMPLE_PORT"] = "2"
        Example.read()
        self.assertEqual(len(parsed), 2)

    def test_a_problem_that_two_checks_find_is_reported_once(self):
        wrong = Problem("A.E001", "A", "is wrong")
        again = Problem("A.E001", "A", "is wrong in other words")
        other = Problem("A.E002", "A", "is wrong")
        found = without_repetition([[wrong, again], [again, other]])
        self.assertEqual(list(found), [wrong, again, other])
        self.assertEqual(problem_of("A: is wrong", "A.E001"), wrong)
        self.assertEqual(problem_of("no variable", "A.E003"), Problem("A.E003", "", "no variable"))

    def test_a_variable_that_is_not_set_is_no_mistake(self):
        self.assertEqual(Example.mistakes(), [])
