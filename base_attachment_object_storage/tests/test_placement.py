"""The placement rule as a predicate, in SQL and as a search domain, on real rows."""

import json

from hypothesis import HealthCheck, example, given, settings, strategies as st

from odoo.tests import BaseCase, TransactionCase, tagged

from ..upload.placement import PARAMETER, Placement, PlacementError

PREFIXES = st.sampled_from(["", "image/", "image/p", "text/css", "te%t", "a_b", "a\\", "IMAGE/"])
TYPES = st.sampled_from(
    [None, "", "image/png", "image/", "IMAGE/PNG", "text/css", "text/csv", "te%t", "axb", "a_bc"]
) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
SIZES = st.none() | st.integers(0, 2**31 - 1) | st.integers(0, 12)
RULES = st.dictionaries(PREFIXES | st.text("image/%_\\", max_size=4), st.integers(0, 12))
ROWS = st.lists(st.tuples(TYPES, SIZES), max_size=12)


@tagged("post_install", "-at_install")
class TestPlacementOnRows(TransactionCase):
    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"].with_context(storage_location="db")
        values = [{"name": "placement", "raw": b"x"} for _number in range(12)]
        self.pool_of_rows = self.attachments.create(values)
        self.env.flush_all()

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(rule=RULES, rows=ROWS)
    @example(rule={"": 0}, rows=[(None, None), ("", 0)])
    @example(rule={"": 5}, rows=[(None, 5), (None, 6), (None, None)])
    @example(rule={}, rows=[(None, None), ("image/png", 1)])
    def test_predicate_sql_and_domain_agree_on_every_row(self, rule, rows):
        placement = Placement.parse(json.dumps(rule))
        records = self.pool_of_rows[: len(rows)]
        for record, (mimetype, size) in zip(records, rows, strict=True):
            self.env.cr.execute(
                "UPDATE ir_attachment SET mimetype = %s, file_size = %s WHERE id = %s",
                (mimetype, size, record.id),
            )
        self.env.invalidate_all()
        expected = {
            record.id
            for record, (mimetype, size) in zip(records, rows, strict=True)
            if placement.stays_in_database(mimetype or "", size or 0)
        }
        condition, values = placement.sql("COALESCE(mimetype, '')", "COALESCE(file_size, 0)")
        self.env.cr.execute(
            f"SELECT id FROM ir_attachment WHERE id = ANY(%s) AND {condition}",
            [records.ids, *values],
        )
        self.assertEqual({number for (number,) in self.env.cr.fetchall()}, expected)
        found = self.attachments.search([("id", "in", records.ids), *placement.domain()])
        self.assertEqual(set(found.ids), expected)


@tagged("post_install", "-at_install")
class TestPlacement(BaseCase):
    def test_what_is_no_rule_is_an_error_that_names_the_parameter(self):
        for text in (
            "{", "[]", "1", '"x"', "null", '{"image/": "5"}', '{"image/": -1}', '{"image/": true}',
            '{"image/": 1.5}', "{1: 2}", "__import__('os')", "[" * 10_000,
        ):  # fmt: skip
            with self.subTest(text[:20]), self.assertRaisesRegex(PlacementError, PARAMETER):
                Placement.parse(text)

    def test_blank_gives_the_default_and_an_empty_object_keeps_nothing(self):
        self.assertEqual(Placement.parse(" "), Placement.parse(None))
        self.assertTrue(Placement.parse(None).stays_in_database("text/css", 10**9))
        self.assertFalse(Placement.parse("{}").stays_in_database("text/css", 1))

    def test_what_the_old_suite_took_for_any_size_is_any_size(self):
        for text in ('{"image/": null}', '{"image/": false}', "{'image/': None}"):
            self.assertEqual(Placement.parse(text).limits, (("image/", 0),))
