"""Ranges of bytes in HTTP requests."""

from odoo.tests import BaseCase, tagged

from ..download.byte_range import ByteRange, NotSatisfiableError


@tagged("post_install", "-at_install")
class TestByteRange(BaseCase):
    def test_one_range_is_found_and_ends_with_the_file(self):
        expected = {
            "bytes=0-0": (0, 1),
            "bytes=3-5": (3, 3),
            "Bytes=3-": (3, 7),
            "bytes=-4": (6, 4),
            "bytes= 9-99 ": (9, 1),
            "bytes=-99": (0, 10),
        }
        for header, (start, length) in expected.items():
            with self.subTest(header):
                self.assertEqual(ByteRange.parse(header, 10), ByteRange(start, length, 10))

    def test_anything_else_is_the_whole_file(self):
        for header in (
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-3",
            "bytes=0-1,3-4",
            "bytes=0-1,",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=٣-٤",
            "items=0-1",
            f"bytes=0-{'9' * 5000}",
        ):
            with self.subTest(header[:20]):
                self.assertIsNone(ByteRange.parse(header, 10))

    def test_a_file_of_no_or_unknown_size_has_no_ranges(self):
        self.assertIsNone(ByteRange.parse("bytes=0-", 0))

    def test_a_range_without_a_byte_is_not_satisfiable(self):
        for header in ("bytes=10-", "bytes=10-12", "bytes=-0"):
            with self.subTest(header), self.assertRaises(NotSatisfiableError):
                ByteRange.parse(header, 10)

    def test_it_is_written_as_http_has_it(self):
        some = ByteRange(3, 4, 10)
        self.assertEqual(str(some), "bytes 3-6/10")
        self.assertEqual(some.as_request, "bytes=3-6")
