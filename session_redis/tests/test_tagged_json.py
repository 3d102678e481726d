import json
import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytz

from odoo.tests import BaseCase, tagged
from odoo.tools import frozendict

from ..serialization.payload import (
    Stamp,
    read_payload,
    split_envelope,
    with_envelope,
    write_payload,
)
from ..serialization.tagged_json import MAX_BYTES, decode, encode

try:
    from hypothesis import HealthCheck, given, settings, strategies as st
except ImportError:
    st = None


SID = "x" * 84


def values(session):
    """Return the values of a session after it was written and read."""
    return read_payload(write_payload(encode(session), Stamp(1, 2), SID, b"ab"), SID).values


def form(value):
    """Return a description that differs for different values: type and content, recursively."""
    kind = type(value)
    if kind is dict:
        return kind, [(form(key), form(item)) for key, item in value.items()]
    if kind in (list, tuple):
        return kind, [form(item) for item in value]
    if kind in (set, frozenset):
        # in the order of their texts: sets have no order, and NaN equals no value
        return kind, sorted((form(item) for item in value), key=repr)
    return kind, repr(value)


def sessions():
    """Return a hypothesis strategy of sessions."""
    zones = st.sampled_from(["UTC", "Europe/Zurich", "Asia/Tokyo"]).map(pytz.timezone)
    # fold takes no part in equality, and is not kept
    times = (st.datetimes() | st.times()).map(lambda value: value.replace(fold=0))
    moments = st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(2100, 1, 1))
    moments = moments.map(lambda value: value.replace(fold=0))
    # lone surrogates as well
    texts = st.text(st.characters(exclude_categories=[]))
    atoms = (
        st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary()
        | st.dates() | times | st.timedeltas() | st.uuids() | zones
        | st.decimals(allow_nan=False)
        | moments.map(lambda moment: moment.replace(tzinfo=timezone.utc))
        | st.builds(lambda value, zone: pytz.utc.localize(value).astimezone(zone), moments, zones)
    )  # fmt: skip
    hashable = st.recursive(
        atoms, lambda inner: st.lists(inner).map(tuple) | st.frozensets(inner), max_leaves=5
    )
    keys = st.text() | st.integers() | st.just("_type")
    values = st.recursive(
        hashable,
        lambda inner: (
            st.lists(inner)
            | st.lists(inner).map(tuple)
            | st.sets(hashable)
            | st.dictionaries(keys, inner)
        ),
        max_leaves=10,
    )
    return st.dictionaries(st.text() | st.just("_type"), values)


@tagged("-at_install", "post_install")
class TestTaggedJson(BaseCase):
    def test_every_listed_type_comes_back_as_itself(self):
        zone = pytz.timezone("America/New_York")
        session = {
            "none": None, "yes": True, "one": 1, "half": 0.5, "text": "é\x00", "raw": b"\xff\x00",
            "list": [1, (2, [3])], "tuple": (1, "x"), "ints": {1: "a", "1": "b"},
            "set": {1, (2, 3)}, "frozenset": frozenset({b"x"}), "date": date(2024, 2, 29),
            "datetime": datetime(2024, 2, 29, 1, 2, 3, 4), "time": time(1, 2, 3, 4),
            "utc": datetime(2024, 1, 1, tzinfo=timezone.utc),
            "local": zone.localize(datetime(2024, 7, 1, 12)), "timedelta": timedelta(-1, 2, 3),
            "decimal": Decimal("1.10"), "uuid": UUID(int=7), "zone": zone, "utc zone": pytz.utc,
            "mark": {"_type": "set", "value": [1]},
        }  # fmt: skip
        found = values(session)
        for key, value in session.items():
            self.assertEqual(form(found[key]), form(value), key)

    def test_lone_surrogates_come_back(self):
        self.assertEqual(values({"x": "\ud800", "\udfff": 1}), {"x": "\ud800", "\udfff": 1})

    def test_stamp_comes_back_and_goes(self):
        for session in ({}, {"a": 1}, {"_type": "set", "value": [1]}):
            body = encode(session)
            for owner in (b"", b"0123"):
                text = with_envelope(body, Stamp(5, 7), owner)
                self.assertEqual(split_envelope(text), (owner or None, Stamp(5, 7), body))
            for text, stamp in ((with_envelope(body, Stamp(5, 7)), Stamp(5, 7)), (body, None)):
                payload = read_payload(text, SID)
                self.assertEqual((payload.values, payload.stamp), (session, stamp))
                self.assertEqual((payload.body, payload.has_owner), (body, False))

    def test_name_of_the_stamp_is_taken(self):
        with self.assertRaisesRegex(TypeError, "_saved"):
            encode({"_saved": 1})
        self.assertEqual(values({"a": {"_saved": 1, 1: 2}}), {"a": {"_saved": 1, 1: 2}})

    def test_too_large_a_session_is_refused_with_the_name_of_its_key(self):
        with self.assertRaisesRegex(ValueError, "'basket'"):
            encode({"uid": 1, "basket": "x" * MAX_BYTES})
        encode({"basket": "x" * (MAX_BYTES - 100)})
        with self.assertRaises(ValueError):
            decode(b'{"basket":"%s"}' % (b"x" * 2 * MAX_BYTES))

    def test_too_deep_a_session_is_refused_with_the_name_of_its_key(self):
        deep = []
        for _level in range(5000):
            deep = [deep]
        with self.assertRaisesRegex(TypeError, "'basket'"):
            encode({"uid": 1, "basket": deep})

    def test_not_a_number_comes_back(self):
        self.assertTrue(math.isnan(values({"x": float("nan")})["x"]))
        self.assertEqual(values({"x": -math.inf})["x"], -math.inf)

    def test_any_session_of_the_listed_types_comes_back(self):
        if st is None:
            self.skipTest("no hypothesis: pip install hypothesis")

        @settings(
            max_examples=300, database=None, deadline=None, suppress_health_check=HealthCheck
        )
        @given(sessions())
        def comes_back(session):
            self.assertEqual(form(values(session)), form(session))

        comes_back()

    def test_no_bytes_break_the_reader(self):
        if st is None:
            self.skipTest("no hypothesis: pip install hypothesis")

        anything = st.recursive(
            st.none() | st.integers() | st.text() | st.sampled_from(["set", "uuid", "zone", "x"]),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["_type", "value", "a"]), inner)
            ),
        )

        @settings(
            max_examples=300, database=None, deadline=None, suppress_health_check=HealthCheck
        )
        @given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
        def is_read_or_refused(payload):
            try:
                self.assertIsInstance(read_payload(payload, SID).values, dict)
            except ValueError:
                return

        is_read_or_refused()

    def test_other_types_are_refused_with_the_name_of_the_key(self):
        class Text(str):
            pass

        for value in (
            object(),
            Text("x"),
            frozendict(a=1),
            1j,
            {None: 1},
            {True: 1},
            [{"a": {1j}}],
        ):
            with self.assertRaisesRegex(TypeError, "'basket'"):
                encode({"uid": 1, "basket": value})

    def test_what_earlier_releases_wrote_is_read(self):
        payload = json.dumps(
            {
                "uid": 2,
                "when": {"_type": "datetime_isoformat", "value": "2024-02-29T01:02:03.000004"},
                "day": {"_type": "date_isoformat", "value": "2024-02-29"},
                "ids": {"_type": "set", "value": [1, 2]},
            }
        )
        self.assertEqual(
            read_payload(payload.encode(), SID).values,
            {
                "uid": 2,
                "when": datetime(2024, 2, 29, 1, 2, 3, 4),
                "day": date(2024, 2, 29),
                "ids": {1, 2},
            },
        )

    def test_what_is_no_session_is_refused(self):
        for payload in (
            b"", b"x", b"[]", b"1", b"null", b'"a"', b"\xff\xfe", b"{", b"[" * 100_000,
            b'{"_type": "set", "value": [1]}', b'{"a": {"_type": "no such"}}',
            b'{"a": {"_type": "set", "value": [[]]}}',
            b'{"a": {"_type": "decimal", "value": "x"}}', b'{"_saved": [1]}', b'{"_saved": "x"}',
            b'{"_saved": [1, 1e999]}',
            b'{"a": {"_type": "zone", "value": "../../etc/passwd"}}',
            b'{"expiration": Infinity}', b'{"deletion_time": NaN}', b'{"db": ["x"], "uid": 2}',
            b'{"expiration": 1%s}' % (b"0" * 400), b'{"_saved": [1, 1%s]}' % (b"0" * 400),
            b'{"db": {"_type": "set", "value": []}}',
        ):  # fmt: skip
            with self.assertRaises(ValueError, msg=payload[:50]):
                read_payload(payload, SID)

    def test_values_of_what_is_refused_are_not_told(self):
        for kind in ("date_isoformat", "datetime_isoformat", "time_isoformat", "bytes", "uuid"):
            with self.assertRaises(ValueError) as caught:
                decode(b'{"a": {"_type": "%s", "value": "hidden"}}' % kind.encode())
            self.assertNotIn("hidden", str(caught.exception))
