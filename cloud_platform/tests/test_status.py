import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

from odoo import sql_db
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, HttpCase, TransactionCase, new_test_user, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.transfer import usage
from odoo.addons.cloud_base.settings import EnvironmentSettings

from ..probes import Answer
from ..settings import PlatformSettings
from ..status import front_ends, services, settings_in_force
from ..status.limits import limited
from ..status.summary import summary, usage as usage_lines

MANY = 100_000
PARTS = (
    *("services", "checks", "front_ends", "ownership", "attachments", "usage", "work"),
    *("session_store", "settings"),
)


class StatusCase(TransactionCase):
    def setUp(self):
        super().setUp()
        self.platform = self.env["cloud.platform"]
        self.figures = self.env["cloud.platform.figures"]

    def insert_attachments(self, number, **columns):
        values = {"type": "binary", "file_size": 10, "mimetype": "application/pdf", **columns}
        names = ", ".join(values)
        holders = ", ".join(["%s"] * len(values))
        self.env.cr.execute(
            f"INSERT INTO ir_attachment (name, store_fname, create_date, {names})"
            f" SELECT 'n' || n, 'ab/n' || n / 2, now(), {holders}"
            " FROM generate_series(1, %s) AS n",
            [*values.values(), number],
        )


@tagged("post_install", "-at_install")
class TestStatus(StatusCase):
    def test_document_is_json_with_every_part(self):
        document = json.loads(json.dumps(self.platform.status()))
        for name in PARTS:
            self.assertNotIn("error", document[name], name)
        self.assertEqual(document["version"], 2)
        kinds = {row["kind"] for row in document["services"]["services"]}
        self.assertLessEqual({"database", "sessions", "logs", "metrics"}, kinds)

    def test_the_page_has_the_findings_of_the_command(self):
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO ir_config_parameter (key, value) VALUES ('ir_attachment.location', 'S3')"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"
        )
        self.env.registry.clear_cache()
        report = self.platform.check(probe=True)
        self.assertIn("parameter", [finding.id for finding in report.errors])
        shown = self.platform.status()["checks"]
        self.assertFalse(shown["ok"])
        self.assertEqual(
            sorted((row["id"], row["state"]) for row in shown["checks"]),
            sorted(
                [(finding.id, finding.level) for finding in report.findings]
                + [(name, "passed") for name in report.passed]
            ),
        )
        rules = self.platform._rules_of_checks()
        self.assertFalse(set(report.passed) - set(rules), "a check without a sentence")

    def test_only_administrators_read_the_document(self):
        user = new_test_user(self.env, "reader-of-status")
        for method in ("status", "page", "latest_work", "start_comparison", "measure_usage"):
            with self.subTest(method=method), self.assertRaises(AccessError):
                getattr(self.platform.with_user(user), method)()
        for model in ("cloud.platform.figures", "cloud.platform.front.end"):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(user).search([])

    @mute_logger("odoo.sql_db")
    def test_a_part_that_fails_leaves_the_others(self):
        model = self.registry["cloud.platform"]
        parts = ("_usage", "_front_ends", "_attachments", "_work")
        broken = []
        for name in parts:
            original = getattr(model, name)

            def fail(records, name=name, original=original):
                if name in broken:
                    records.env.cr.execute("SELECT missing_column")
                return original(records)

            self.patch(model, name, fail)
        for name in parts:
            broken[:] = [name]
            with (
                self.subTest(part=name),
                self.assertLogs("odoo.addons.cloud_platform", "WARNING"),
            ):
                document = self.platform.status()
                wrong = [part for part in PARTS if "error" in document[part]]
                self.assertEqual(wrong, [name.removeprefix("_")])
                self.assertIn("UndefinedColumn", document[wrong[0]]["error"])
                self.assertIn("services", summary(document))

    @mute_logger("odoo.sql_db")
    def test_a_part_has_a_limited_time(self):
        def wait():
            self.env.cr.execute("SELECT pg_sleep(20)")

        began = time.monotonic()
        part = self.platform._part(wait)
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("3 seconds", part["error"])
        self.env.cr.execute("SELECT current_setting('statement_timeout')")
        self.assertNotEqual(self.env.cr.fetchone()[0], "3s")

    def test_the_time_limit_ends_with_the_part(self):
        self.env.cr.execute("SELECT current_setting('statement_timeout')")
        before = self.env.cr.fetchone()
        with limited(self.env.cr, 7):
            self.env.cr.execute("SELECT current_setting('statement_timeout')")
            self.assertEqual(self.env.cr.fetchone(), ("7s",))
        self.env.cr.execute("SELECT current_setting('statement_timeout')")
        self.assertEqual(self.env.cr.fetchone(), before)

    def test_a_silent_service_is_down_and_the_document_complete(self):
        self.patch(
            self.registry["cloud.platform"],
            "_probe_of_postgresql",
            lambda records: lambda: time.sleep(8),
        )
        self.patch(PlatformSettings, "probe_seconds", classmethod(lambda cls: 0.5))
        began = time.monotonic()
        document = self.platform.status()
        self.assertLess(time.monotonic() - began, 5)
        [row] = [s for s in document["services"]["services"] if s["kind"] == "database"]
        self.assertEqual((row["state"], row["problem"]), ("down", "no answer in time"))
        self.assertNotIn("error", document["work"])

    def test_errors_of_a_service_are_shown_without_the_texts_of_libraries(self):
        answer = Answer(True, None, OSError("https://key:secret@host refused"))
        service = services.service_of_answer("s3://bucket", "store", answer, 1)
        self.assertEqual((service.state, service.problem), ("down", "OSError"))

    def test_a_service_has_the_time_of_its_last_change(self):
        def state(kind):
            rows = self.platform.status()["services"]["services"]
            return next((row["state"], row["since"]) for row in rows if row["kind"] == kind)

        long_ago = "2001-02-03 04:05:06"
        self.figures._keep("services", {})
        self.assertGreater(state("database")[1], long_ago)
        self.figures._keep("services", {"database postgresql": ["up", long_ago]})
        self.assertEqual(state("database"), ("up", long_ago))
        self.figures._keep("services", {"database postgresql": ["down", long_ago]})
        self.assertEqual(state("database")[0], "up")
        self.assertGreater(state("database")[1], long_ago)

    def test_servers_of_different_versions_are_noticed(self):
        self.env.cr.execute("DELETE FROM cloud_platform_front_end")
        front_ends.beat(self.env.cr)
        front_ends.beat(self.env.cr)
        part = self.platform._front_ends()
        self.assertEqual([row["node"] for row in part["servers"]], [front_ends.node()])
        self.assertFalse(part["versions_differ"])
        add = (
            "INSERT INTO cloud_platform_front_end (node, odoo, suite, started, last_seen)"
            " SELECT %s, odoo, '2.9.0', started, now() AT TIME ZONE 'UTC' - %s * interval '1 day'"
            " FROM cloud_platform_front_end LIMIT 1"
        )
        self.env.cr.execute(add, ["away", 1])
        self.assertFalse(self.platform._front_ends()["versions_differ"])
        self.env.cr.execute(add, ["other", 0])
        self.assertTrue(self.platform._front_ends()["versions_differ"])
        self.env.cr.execute(add, ["old", 30])
        self.assertEqual(len(self.platform._front_ends()["servers"]), 3)
        front_ends.forget_old(self.env.cr)
        self.assertFalse(self.env["cloud.platform.front.end"].search([("node", "=", "old")]))

    def test_settings_have_sources_and_no_secrets(self):
        variables = {
            "ODOO_SESSION_REDIS_PASSWORD": "pa55word-of-redis",
            "ODOO_SESSION_REDIS_PREFIX": "acme-odoo-test",
            "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": "t0ken-of-health",
        }

        def given(cls):
            names = {field.alias for field in cls.model_fields.values()}
            return {name: text for name, text in variables.items() if name in names}

        self.patch(EnvironmentSettings, "given", classmethod(given))
        rows = {row["name"]: row for row in settings_in_force.settings_in_force()}
        text = json.dumps(rows)
        self.assertNotIn("pa55word", text)
        self.assertNotIn("t0ken", text)
        prefix = rows["ODOO_SESSION_REDIS_PREFIX"]
        self.assertEqual((prefix["value"], prefix["source"]), ("acme-odoo-test", "environment"))
        self.assertEqual(rows["ODOO_SESSION_REDIS_PASSWORD"]["value"], settings_in_force.HIDDEN)
        self.assertEqual(rows["ATTACHMENT_RETENTION_DAYS"]["source"], "default")

    def test_a_wrong_value_is_hidden(self):
        # the content of a key in the variable of its path, an address with a password
        self.patch(
            os, "environ", {"ODOO_SESSION_REDIS": "1", "ODOO_SESSION_REDIS_PORT": "pa/5s@h"}
        )
        rows = {row["name"]: row for row in settings_in_force.settings_in_force()}
        row = rows["ODOO_SESSION_REDIS_PORT"]
        self.assertEqual(row["value"], settings_in_force.HIDDEN)
        self.assertIn("ODOO_SESSION_REDIS_PORT", row["mistake"])
        self.assertNotIn("pa/5s", json.dumps(rows))


@tagged("post_install", "-at_install")
class TestHeartbeat(BaseCase):
    """The row of a server, written on separate connections."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.patch(front_ends, "_beats", {})
        self.addCleanup(self.forget)

    def forget(self):
        with self.registry.cursor() as cursor:
            cursor.execute(f"DELETE FROM {front_ends.TABLE} WHERE node = %s", [front_ends.node()])

    def test_processes_that_write_at_the_same_time_log_no_error(self):
        with closing(self.registry.cursor()) as other, ThreadPoolExecutor(1) as threads:
            front_ends.beat(other)
            beat = threads.submit(front_ends.beat_if_due, self.registry)
            with self.assertNoLogs("odoo.sql_db", "WARNING"):
                time.sleep(0.5)  # it waits for the row
                other.commit()
                beat.result(30)

    def test_a_request_goes_on_without_a_free_connection(self):
        pool = sql_db._Pool
        with ExitStack() as connections:
            self.patch(pool, "_maxconn", len(pool._connections))
            with self.assertRaises(sql_db.PoolError), mute_logger("odoo.sql_db"):
                while True:
                    connections.enter_context(closing(self.registry.cursor()))
            front_ends.beat_if_due(self.registry)
        self.assertIn(self.registry.db_name, front_ends._beats)


@tagged("post_install", "-at_install")
class TestUsage(StatusCase):
    def test_usage_counts_rows_and_objects(self):
        before = usage.measure(self.env.cr)
        self.insert_attachments(10, res_model="res.partner", mimetype="text/plain; charset=x")
        after = usage.measure(self.env.cr)

        def added(kind, key):
            return after[kind][key] - before[kind][key]

        self.assertEqual((added("logical", "files"), added("logical", "bytes")), (10, 100))
        # two rows for each object but the first and the last
        self.assertEqual((added("stored", "files"), added("stored", "bytes")), (6, 60))

        def row(figures, kind, name):
            return next((r["files"] for r in figures[kind] if r["name"] == name), 0)

        for kind, name in (
            *(("place", "file"), ("model", "res.partner"), ("mimetype", "text/plain")),
            *(("company", 0), ("age", "month")),
        ):
            with self.subTest(kind=kind):
                self.assertEqual(row(after, kind, name) - row(before, kind, name), 10)

    def test_totals_count_rows_beyond_those_that_are_listed(self):
        for number in range(usage.MOST_ROWS + 5):
            self.insert_attachments(1, res_model=f"x.model.{number}")
        figures = usage.measure(self.env.cr)
        self.assertEqual(len(figures["model"]), usage.MOST_ROWS)
        self.env.cr.execute("SELECT count(*) FROM ir_attachment WHERE type = 'binary'")
        self.assertLessEqual(figures["logical"]["files"], self.env.cr.fetchone()[0])
        self.assertGreaterEqual(figures["logical"]["files"], usage.MOST_ROWS + 5)

    def test_a_large_database_is_not_read_for_the_page(self):
        self.figures._measure()
        self.insert_attachments(MANY)
        self.assertFalse(usage.is_small(self.env.cr))
        statements = []
        execute = type(self.env.cr).execute

        def recorded(cursor, query, *arguments, **keywords):
            statements.append(str(query))
            return execute(cursor, query, *arguments, **keywords)

        self.patch(type(self.env.cr), "execute", recorded)
        document = self.platform.status()
        self.assertIn("FROM ir_attachment_garbage", " ".join(statements))
        reads = [text for text in statements if re.search(r"FROM ir_attachment\s", text)]
        self.assertEqual(reads, [])
        self.assertTrue(document["usage"]["is_kept"])
        self.assertTrue(document["usage"]["time"])
        self.figures._measure()
        kept = self.platform.status()["usage"]
        self.assertEqual(kept["logical"]["files"] - document["usage"]["logical"]["files"], MANY)

    def test_figures_that_were_not_measured_yet_are_requested(self):
        self.insert_attachments(MANY)
        self.env.cr.execute("DELETE FROM cloud_platform_figures")
        document = self.platform.status()
        self.assertEqual(document["usage"], {"time": None, "is_kept": True})
        self.assertEqual(document["storages"], {})
        cron = self.figures._cron()
        self.assertTrue(self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", cron.id)]))
        self.assertIn("not measured yet", usage_lines(document)["usage"])

    def test_lines_of_usage_name_companies(self):
        company = self.env.company
        self.insert_attachments(3, company_id=company.id)
        self.figures._measure()
        lines = usage_lines(self.platform.status())
        self.assertTrue(any(line.startswith(f"{company.name}: ") for line in lines["company"]))


@tagged("post_install", "-at_install")
class TestPage(HttpCase):
    def test_the_settings_have_a_link_without_developer_mode(self):
        view = self.env["res.config.settings"].get_view(view_type="form")
        self.assertIn("o_cloud_platform_open", view["arch"])
