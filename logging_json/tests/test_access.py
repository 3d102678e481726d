import re
import sys

from odoo.tests import BaseCase, tagged

from ..access_log import parse

# parts that a request line may repeat n times
PARTS = ('"GET /', '"GET ', "a", '" ', '" 200 ', "\\x00", '"', " ", "#", "?", "GET ", '" 200 -"')
ADDRESS = "127.0.0.1 - - [24/Nov/2026 18:45:03] "


def steps(line):
    """Return how many calls parsing a line takes, and the expressions that it calls."""
    calls = []

    def count(_frame, event, function):
        if event in ("call", "c_call"):
            calls.append(getattr(function, "__self__", None))

    sys.setprofile(count)
    try:
        parse(line)
    finally:
        sys.setprofile(None)
    return len(calls), [owner for owner in calls if isinstance(owner, re.Pattern)]


@tagged("-at_install", "post_install")
class TestAccess(BaseCase):
    def fields(self, line):
        access = parse(line)
        return access and (access.method, access.path, access.status)

    def test_lines_of_both_servers_are_parsed(self):
        for answer, status in (("200 -", 200), ("404 1234", 404), ("303 5 0.012345", 303)):
            line = f'{ADDRESS}"GET /web/login?a=b#c HTTP/1.1" {answer}'
            self.assertEqual(self.fields(line), ("GET", "/web/login", status))
        self.assertEqual(self.fields('"POST / HTTP/1.1" - -'), ("POST", "/", None))

    def test_a_path_may_have_quotes_and_colours(self):
        self.assertEqual(self.fields('"GET /a"b" 5 HTTP/1.1" 200 -'), ("GET", '/a"b"', 200))
        line = '\x1b[31m\x1b[1m"GET /a HTTP/1.1"\x1b[0m 404 -'
        self.assertEqual(self.fields(line), ("GET", "/a", 404))

    def test_other_lines_are_none(self):
        for line in (
            "",
            '"',
            '" 200 -',
            '"GET" 200 -',
            '"get / HTTP/1.1" 200 -',
            '"" 400 -',
            '"GET / HTTP/1.1" 600 -',
            '"GET / HTTP/1.1" 20 -',
            '"GET / HTTP/1.1" 200',
            '"GET / HTTP/1.1" 200 x',
            '"GET / HTTP/1.1"200 -',
            " * Running on http://127.0.0.1:8069",
            "code 400, message Bad request syntax ('x')",
        ):
            self.assertIsNone(parse(line), line)

    def test_a_line_takes_the_same_number_of_steps_whatever_its_length(self):
        for part in PARTS:
            for before, after in (
                ("", ""),
                ('"GET /', ""),
                ('"GET /', '" 200 -'),
                ("", '" 200 x'),
            ):
                counts = set()
                for times in (1000, 2000, 16_000):
                    count, expressions = steps(f"{before}{part * times}{after}")
                    counts.add(count)
                    # the steps of an expression cannot be counted
                    self.assertEqual(expressions, [])
                # one way for each reason to be no access line, none of them a loop
                self.assertLess(max(counts), 40, (before, part, after))
                self.assertEqual(len(counts), 1, (before, part, after))
