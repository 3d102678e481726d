import json
import logging
import math
from datetime import datetime, timezone

from odoo.tests import BaseCase, tagged

from ..context import Context, Job, begin_job, end_job
from ..formatter import LAST_RESORT, OdooJsonFormatter
from ..schemas import SCHEMAS
from ..schemas.base import Line
from ..schemas.otel import severity
from .common import SCHEMAS as JSON_SCHEMAS, Lines, core_names_allowed

SURROGATE = "\udc80"
UPSTREAM = ["asctime", "pid", "levelname", "dbname", "name", "message", "request_id", "uid"]


class Unprintable:
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class Furious:
    """Nothing at all can be asked of it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)


def recursive():
    value = {"name": "kept"}
    value["itself"] = value
    return value


class FormatterCase(BaseCase):
    def every(self, **options):
        """Return lines of every schema with either encoder."""
        return [
            Lines(schema, use_orjson=use_orjson, **options)
            for schema in SCHEMAS
            for use_orjson in (True, False)
        ]

    def extra(self, lines, name="value"):
        line = lines.one
        if lines.schema == "ecs":
            return line["odoo"]["extra"][name]
        return (line["Attributes"] if lines.schema == "otel" else line)[name]

    def message(self, lines):
        return lines.one["Body" if lines.schema == "otel" else "message"]

    def assertKept(self, value, expected):
        for lines in self.every():
            lines.logger.info("hello", extra={"value": value})
            self.assertEqual(self.extra(lines), expected)
            self.assertEqual(self.message(lines), "hello")


@tagged("-at_install", "post_install")
class TestValues(FormatterCase):
    def test_values_that_are_json_stay_what_they_are(self):
        for value in (None, True, 5, -1.5, "text", [1, "a"], {"a": {"b": None}}, 2**63 - 1):
            self.assertKept(value, value)

    def test_numbers_that_are_not_json_are_told_as_text(self):
        self.assertKept(math.nan, "NaN")
        self.assertKept([math.inf, -math.inf], ["Infinity", "-Infinity"])

    def test_an_integer_over_64_bits_keeps_its_digits(self):
        self.assertKept(2**70, str(2**70))
        self.assertKept({"a": -(2**64)}, {"a": str(-(2**64))})
        self.assertKept(16**5000, hex(16**5000))

    def test_bytes_are_text(self):
        self.assertKept("é".encode(), "é")
        self.assertKept(b"\xff", r"\xff")

    def test_a_value_that_contains_itself_is_told_once(self):
        self.assertKept(recursive(), {"name": "kept", "itself": "... [contains itself]"})

    def test_keys_become_text_and_none_is_lost(self):
        self.assertKept({1: "a", "1": "b", None: "c"}, {"1": "a", "1'": "b", "None": "c"})
        self.assertKept({(1, 2): b"x"}, {"(1, 2)": "x"})

    def test_lone_surrogates_are_shown(self):
        self.assertKept(f"a{SURROGATE}b", r"a\udc80b")
        for lines in self.every():
            lines.logger.info("hello %s", SURROGATE)
            self.assertEqual(self.message(lines), r"hello \udc80")

    def test_an_object_without_a_text_loses_no_line(self):
        self.assertKept(Unprintable(), "<Unprintable, whose text is a ValueError>")
        for lines in self.every():
            lines.logger.info("hello %s %s", Unprintable(), "world")
            self.assertIn("hello", self.message(lines))
            self.assertIn("world", self.message(lines))

    def test_an_object_that_answers_nothing_loses_no_line(self):
        for lines in self.every():
            lines.logger.info("hello %s %s", 1, Furious(), extra={"value": Furious()})
            self.assertIn("hello", self.message(lines))
            self.assertIn("Furious", self.extra(lines))

    def test_a_wide_or_deep_value_is_bounded(self):
        deep = []
        for _level in range(10_000):
            deep = [deep]
        wide = [["y" * 1_000_000] * 9, list(range(10**6)), dict.fromkeys(range(10**5))]
        for value in (deep, *wide):
            for lines in self.every():
                lines.logger.info("hello", extra={"value": value})
                self.assertIn("[cut", json.dumps(self.extra(lines)))
                self.assertLess(len(lines.text), 110_000)

    def test_newlines_and_separators_stay_within_one_line(self):
        text = "a\nb\r\nc\u2028d\x85e\x0bf\x0cg"
        self.assertKept(text, text)

    def test_a_null_character_does_not_end_a_text(self):
        self.assertKept("a\0b", r"a\x00b")


@tagged("-at_install", "post_install")
class TestFormatter(FormatterCase):
    def test_every_line_has_upstream_s_keys(self):
        lines = Lines()
        lines.logger.warning("hello %s", "world")
        line = lines.one
        self.assertEqual(list(line), UPSTREAM)
        self.assertEqual((line["levelname"], line["message"]), ("WARNING", "hello world"))
        self.assertEqual(line["name"], lines.logger.name)

    def test_the_time_is_that_of_the_record_in_utc(self):
        lines = Lines()
        record = lines.logger.makeRecord("x", logging.INFO, "", 0, "hello", (), None)
        lines.logger.handle(record)
        told = datetime.fromisoformat(lines.one["asctime"])
        self.assertEqual(told.utcoffset().total_seconds(), 0)
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        self.assertAlmostEqual(told.timestamp(), moment.timestamp(), places=5)

    def test_arguments_that_do_not_match_are_told_after_the_message(self):
        for lines in self.every():
            lines.logger.info("hello %d", "one")
            self.assertEqual(self.message(lines), "hello %d [arguments: one]")
        for lines in self.every():
            lines.logger.info("hello", "one", 2)
            self.assertEqual(self.message(lines), "hello [arguments: one, 2]")

    def test_a_long_text_keeps_its_beginning_and_its_length(self):
        for lines in self.every():
            lines.logger.info("begin" + "x" * 1_000_000)
            message = self.message(lines)
            self.assertTrue(message.startswith("beginx"))
            self.assertTrue(message.endswith("... [cut, 1000005 characters]"))
            self.assertEqual(message.count("x"), 32_000 - 5)

    def test_colours_are_taken_away(self):
        for lines in self.every():
            lines.logger.info("\x1b[1;31mred\x1b[0m %s", "\x1b[32mgreen\x1b[0m")
            self.assertEqual(self.message(lines), "red green")

    def test_a_level_that_a_terminal_formatter_has_coloured_is_plain(self):
        lines = Lines()
        record = lines.logger.makeRecord("x", logging.ERROR, "", 0, "hello", (), None)
        record.levelname = "\x1b[1;31mERROR\x1b[0m"
        lines.logger.handle(record)
        self.assertEqual(lines.one["levelname"], "ERROR")

    def test_an_extra_replaces_no_field(self):
        names = {"request_id", "uid", "exc_type", "http_path", "Body", "log", "db.namespace"}
        for lines in self.every():
            lines.logger.info("hello", extra=dict.fromkeys(names, "mine"))
            self.assertEqual(json.dumps(lines.one).count('"mine"'), len(names))
            self.assertEqual(self.message(lines), "hello")

    def test_an_extra_may_have_the_name_of_an_attribute_of_core(self):
        for lines in self.every():
            with core_names_allowed():
                lines.logger.info("hello", extra={"pid": "mine", "dbname": "yours"})
            self.assertEqual(self.extra(lines, "extra_pid"), "mine")
            self.assertEqual(self.extra(lines, "extra_dbname"), "yours")

    def test_a_mapping_as_message_becomes_fields(self):
        for lines in self.every():
            lines.logger.info({"value": 1, "message": "mine"})
            self.assertEqual(self.extra(lines), 1)
            self.assertIn('"mine"', lines.text)

    def test_an_exception_has_type_message_and_stack(self):
        lines = Lines()
        try:
            raise KeyError("lost")
        except KeyError:
            lines.logger.exception("failed")
        line = lines.one
        self.assertEqual((line["exc_type"], line["exc_message"]), ("KeyError", "'lost'"))
        self.assertIn("Traceback", line["exc_info"])
        self.assertIn("test_formatter.py", line["exc_info"])

    def test_an_exception_without_a_text_has_its_type(self):
        class SilentError(Exception):
            __str__ = Unprintable.__str__

        for lines in self.every():
            try:
                raise SilentError
            except SilentError:
                lines.logger.exception("failed")
            self.assertIn("SilentError, whose text is a ValueError", lines.text)
            self.assertEqual(self.message(lines), "failed")

    def test_of_a_long_stack_both_ends_are_kept(self):
        lines = Lines(limit=1000)
        try:
            raise ValueError("x" * 100_000 + "end")
        except ValueError:
            lines.logger.exception("failed")
        stack = lines.one["exc_info"]
        self.assertTrue(stack.startswith("Traceback"))
        self.assertTrue(stack.endswith("end"))
        self.assertLess(len(stack), 1100)

    def test_a_stack_that_was_asked_for_is_there(self):
        for lines in self.every():
            lines.logger.info("hello", stack_info=True)
            self.assertIn("test_a_stack_that_was_asked_for_is_there", lines.text)
            self.assertEqual(self.message(lines), "hello")

    def test_secrets_are_hidden_wherever_they_stand(self):
        secret = "hunter" + "2"  # so that no stack shows it in the source
        for lines in self.every():
            try:
                raise ValueError(f"https://user:{secret}@host/?X-Amz-Signature={secret}")
            except ValueError:
                extra = {
                    "api_key": secret,
                    "value": {"deep": [{"password": secret}, f"token={secret}"]},
                    "header": f"Authorization: Basic {secret}".encode(),
                }
                lines.logger.exception("password=%s", secret, extra=extra, stack_info=True)
            self.assertNotIn(secret, lines.text)
            self.assertEqual(self.message(lines), "password=***")

    def test_message_that_cannot_be_made_keeps_fields_and_exception(self):
        for lines in self.every():
            try:
                raise ValueError("lost")
            except ValueError:
                lines.logger.exception("%d", "text", extra={"value": 5})
            self.assertEqual(self.message(lines), "%d [arguments: text]")
            self.assertEqual(self.extra(lines), 5)
            self.assertIn("lost", lines.text)
            self.assertNotIn("logging_error", lines.text)

    def test_formatter_uses_the_extension_points_of_the_library(self):
        class Extended(OdooJsonFormatter):
            def process_log_record(self, log_data):
                return {**log_data, "length": len(log_data["message"])}

        line = Extended().format(logging.makeLogRecord({"msg": "hello"}))
        self.assertEqual(json.loads(line)["length"], 5)

    def test_a_broken_record_gives_a_line_with_the_reason(self):
        for lines in self.every():
            lines.handler.handle(logging.makeLogRecord({"msg": "hello", "created": "yesterday"}))
            self.assertEqual(self.message(lines), "hello")
            self.assertIn("ValueError", lines.text)

    def test_a_record_with_nothing_in_it_gives_a_line(self):
        for lines in self.every():
            record = logging.makeLogRecord({"msg": "hello"})
            vars(record).clear()
            lines.handler.handle(record)
            self.assertIn("AttributeError", json.dumps(lines.one))
        self.assertTrue(json.loads(LAST_RESORT))

    def test_a_job_has_its_name_and_an_id(self):
        for lines in self.every():
            job = Job("cron", "Clean up", "7")
            begin_job(Context("an-id", job=job, database="a_database", user_id=2))
            try:
                lines.logger.info("hello")
            finally:
                end_job()
            found = json.dumps(lines.one)
            for value in ("an-id", "Clean up", '"7"', "a_database", "cron"):
                self.assertIn(value, found)

    def test_levels_are_ordered_as_opentelemetry_has_them(self):
        numbers = [severity(level) for level in (5, 10, 20, 25, 30, 40, 50, 60)]
        self.assertEqual(numbers, [1, 5, 9, 9, 13, 17, 21, 21])

    def test_the_schemas_have_the_names_of_all_fields_and_no_other(self):
        for name, schema in SCHEMAS.items():
            fields = {}
            for job in (None, Job("cron", "Clean up", "7")):
                line = self.line(job)
                line.request = "GET", "/"
                line.answer = 200, 0.1, "/"
                line.performance = 1, 0.1, 0.1
                line.error = "KeyError", "lost", "Traceback"
                line.stack = "Stack"
                line.trouble = "ValueError"
                if name == "ecs":
                    line.extras = [("value", 1)]
                filled = {}
                schema.add_fields(filled, line)
                JSON_SCHEMAS[name].validate(filled)
                fields |= paths(filled)
            self.assertEqual(set(fields), set(paths_of_schema(JSON_SCHEMAS[name].schema)))

    def line(self, job):
        line = Line()
        line.time, line.message = "2026-11-24T18:45:03.000000+00:00", "hello"
        line.pid, line.level, line.number, line.name = 1, "INFO", logging.INFO, "name"
        line.database, line.uid = "database", 2
        line.context = Context("an-id", job=job)
        line.context.trace_id, line.context.span_id = "ab" * 16, "cd" * 8
        return line


def paths(fields, *above):
    """Return the names of fields, those within others as ``http/request/id``."""
    found = {}
    for name, value in fields.items():
        path = (*above, name)
        found |= paths(value, *path) if isinstance(value, dict) else {"/".join(path): value}
    return found


def paths_of_schema(schema, *above):
    for name, inner in schema["properties"].items():
        if inner.get("properties"):
            yield from paths_of_schema(inner, *above, name)
        elif name == "extra":
            yield "/".join((*above, name, "value"))
        else:
            yield "/".join((*above, name))
