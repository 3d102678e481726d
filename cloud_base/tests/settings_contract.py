"""Tests for every group of variables; mixed in with ``settings_class``."""

import re
import string
from typing import get_args

from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import SecretStr, ValidationError

from ..setting_texts import OWN_TYPES
from ..settings import problems_of, sentences

EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)
SPECIAL = ":/?#[]@!$&'()*+,;=%{}\\\"<>|^`~ \t\n\r\x7f\u00a0\u00e9\u20ac\U0001f511\udcff-._"
TEXTS = st.text(string.ascii_letters + string.digits + SPECIAL, max_size=30)
# of no sentence about a mistake
MARK = "Zq7xJ2wv"
# of no number, flag, name or path
WRONG = ("", " ", "-1", "0", "1e400", "nan", "1.5", "perhaps", "10000000000000", "/", "\x00", "[]")
SHAPES = (
    "{}",
    "https://{}",
    "https://{}@host",
    "https://host/{}",
    "host:{}",
    "1{}",
    "{},a",
    "/{}",
)


class SettingsContract:
    # Odoo 18.0 and later run inherited tests only where this says so
    allow_inherited_tests_method = True
    settings_class = None
    # values with which the group is on and right
    right = {}

    @property
    def aliases(self):
        return [field.alias for field in self.settings_class.model_fields.values()]

    def secrets(self):
        for field in self.settings_class.model_fields.values():
            if SecretStr in (field.annotation, *get_args(field.annotation)):
                yield field.alias

    def mistakes(self, **values):
        """Return the sentences about some values."""
        try:
            self.settings_class(**{**self.right, **values})
        except ValidationError as error:
            return sentences(error, self.settings_class)
        return []

    def test_right_values_are_taken(self):
        self.assertEqual(self.mistakes(), [])

    @EXAMPLES
    @given(st.data(), TEXTS, TEXTS, st.sampled_from(SHAPES))
    def test_no_mistake_shows_a_part_of_a_value(self, data, before, after, shape):
        name = data.draw(st.sampled_from(self.aliases))
        value = shape.format(f"{before}{MARK}{after}")
        for sentence in self.mistakes(**{name: value}):
            self.assertNotIn(MARK, sentence)
            self.assertTrue(re.match(r"[A-Z][A-Z0-9_]+: \w", sentence), sentence)
            self.assertIn(sentence.partition(":")[0], self.aliases)

    @EXAMPLES
    @given(st.data(), st.sampled_from(WRONG))
    def test_no_text_of_pydantic_is_passed_on(self, data, value):
        name = data.draw(st.sampled_from(self.aliases))
        try:
            self.settings_class(**{**self.right, name: value})
        except ValidationError as error:
            for detail, problem in zip(
                error.errors(), problems_of(error, self.settings_class), strict=True
            ):
                self.assertEqual(problem.id, f"{self.settings_class.code}.E001")
                if detail["type"] not in OWN_TYPES:
                    self.assertNotIn(detail["msg"], problem.text)
                    self.assertRegex(problem.text, "^expects (a|one|1|the) ?")

    def test_value_that_is_too_long_is_a_mistake_without_it(self):
        # as the content of a key in the place of its path
        value = f"-----BEGIN PRIVATE KEY-----\n{MARK * 1000}\n"
        for name in self.aliases:
            for sentence in self.mistakes(**{name: value}):
                self.assertNotIn(MARK, sentence)

    def test_secret_with_white_space_around_it_is_a_mistake(self):
        for name in self.secrets():
            for value in ("a\n", " a", "a ", "\ta", "a\nb", "a\r"):
                told = [one for one in self.mistakes(**{name: value}) if one.startswith(name)]
                self.assertRegex(told[0], "white space|control character", (name, value))

    def test_address_that_kubernetes_has_set_is_explained(self):
        for name in self.aliases:
            if name.endswith("_PORT"):
                for value in ("udp://10.3.4.5:8125", "tcp://[fd00::1]:6379"):
                    [told] = self.mistakes(**{name: value})
                    self.assertTrue(told.startswith(f"{name}: "), told)
                    self.assertIn("Kubernetes", told)

    def test_group_that_is_off_is_not_validated(self):
        switch = self.settings_class.switch
        if not switch:
            self.skipTest("this group has no switch")
        wrong = {name: "udp://wrong \n" for name in self.aliases if name != switch}
        self.assertFalse(self.settings_class(**wrong, **{switch: "off"}).enabled)
        self.assertTrue(self.settings_class(**self.right).enabled)
        self.assertTrue(self.mistakes(**{switch: "perhaps"}))
