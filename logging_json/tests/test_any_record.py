import json
import logging
import string
import sys

from hypothesis import HealthCheck, given, settings, strategies as st

from odoo.tests import BaseCase, tagged

from ..redaction.sensitive_names import is_sensitive
from ..schemas import SCHEMAS
from .common import Lines
from .test_formatter import Unprintable

TAKEN = {*vars(logging.makeLogRecord({})), "message", "asctime"}

texts = st.text(st.characters(codec=None), max_size=50)
names = st.text(string.ascii_letters + string.digits + "_.", min_size=1, max_size=20).filter(
    lambda name: name not in TAKEN
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.binary(max_size=50)
    | st.dates()
    | st.datetimes()
    | st.decimals()
    | st.uuids()
    | st.complex_numbers()
    | st.builds(object)
    | st.builds(Unprintable)
)
keys = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=50)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner, max_size=5)
        | st.sets(st.integers(), max_size=5)
    ),
    max_leaves=20,
)


def exception_of(value):
    try:
        raise ValueError(value)
    except ValueError:
        return sys.exc_info()


@tagged("-at_install", "post_install")
class TestAnyRecord(BaseCase):
    @settings(
        max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(
        message=texts | values,
        arguments=st.lists(values, max_size=4),
        extra=st.dictionaries(names, values, max_size=5),
        level=st.integers(0, 60),
        fails=st.booleans(),
        schema=st.sampled_from(sorted(SCHEMAS)),
        use_orjson=st.booleans(),
    )
    def test_any_record_is_one_valid_line_with_its_fields(
        self, message, arguments, extra, level, fails, schema, use_orjson
    ):
        lines = Lines(schema, use_orjson=use_orjson)
        record = lines.logger.makeRecord(
            "any",
            level,
            "",
            0,
            message,
            tuple(arguments),
            exception_of(message) if fails else None,
            extra=extra,
        )
        lines.logger.handle(record)
        self.assertEqual(lines.text.count("\n"), 1)
        self.assertTrue(lines.text.isascii())
        self.assertNotIn("logging_error", json.dumps(lines.one))
        for name in extra:
            self.assertIn(name, lines.text)

    @settings(max_examples=25, deadline=None, database=None)
    @given(value=values, schema=st.sampled_from(sorted(SCHEMAS)))
    def test_any_attribute_of_a_record_may_be_anything(self, value, schema):
        lines = Lines(schema)
        for name in vars(logging.makeLogRecord({})):
            record = logging.makeLogRecord({"msg": "hello", name: value})
            lines.handler.handle(record)
        # each is checked against the schema
        self.assertEqual(len(lines.parsed), len(TAKEN) - 2)

    @settings(max_examples=300, deadline=None, database=None)
    @given(name=names, value=st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none())
    def test_simple_values_stay_as_they_are(self, name, value):
        lines = Lines("ecs")
        lines.logger.info("hello", extra={name: value})
        if not is_sensitive(name):
            self.assertEqual(lines.one["odoo"]["extra"][name], value)
