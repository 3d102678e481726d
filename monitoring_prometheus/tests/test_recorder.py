import contextlib
import json
import resource
import signal

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.operations import Operation, count

from .. import metrics as metrics
from ..recorder import Recorder, pools
from .common import ValuesCase

IGNORED = frozenset({"/web/health"})


@tagged("-at_install", "post_install")
class TestRecorders(ValuesCase):
    def setUp(self):
        super().setUp()
        self.recorder = Recorder(self.values, IGNORED, "threaded")
        self.recorder.subscribe()
        self.addCleanup(self.recorder.unsubscribe)

    def test_operations_of_the_stores_are_counted(self):
        with Operation("session_store", "save", "redis") as operation:
            operation.bytes = 7
        with self.assertRaises(KeyError), Operation("object_store", "read", "s3"):
            raise KeyError
        count("session_store", "rotation_postponed", "redis")
        found = self.collected()
        save, read = ("save", "redis"), ("read", "s3")
        self.assertEqual(sum(found["odoo_session_store_operation_duration_seconds", save][:-1]), 1)
        self.assertEqual(found["odoo_session_store_operation_bytes_total", save], (7,))
        self.assertEqual(
            found["odoo_object_store_operation_errors_total", (*read, "KeyError")], (1,)
        )
        event = ("rotation_postponed", "redis")
        self.assertEqual(found["odoo_session_store_events_total", event], (1,))

    def test_a_component_that_is_not_known_is_not_counted(self):
        count("something_else", "happened")
        self.assertEqual(self.collected(), {})

    def test_scheduled_actions_are_counted_with_failures_and_successes(self):
        good, bad = CronJob("Good", 1, "db", 1), CronJob("Bad", 2, "db", 1)
        bad.error = "ValueError"
        good.finish()
        bad.finish()
        found = self.collected()
        self.assertEqual(found["odoo_cron_failures_total", ("Good", "db")], (0,))
        self.assertEqual(found["odoo_cron_failures_total", ("Bad", "db")], (1,))
        self.assertEqual(sum(found["odoo_cron_duration_seconds", ("Bad", "db")][:-1]), 1)
        self.assertIn(("odoo_cron_last_success_timestamp_seconds", ("Good", "db")), found)
        self.assertNotIn(("odoo_cron_last_success_timestamp_seconds", ("Bad", "db")), found)

    def test_the_same_action_of_two_databases_is_two_series(self):
        CronJob("Job", 1, "one", 1).finish()
        bad = CronJob("Job", 1, "two", 1)
        bad.error = "ValueError"
        bad.finish()
        found = self.collected()
        self.assertEqual(found["odoo_cron_failures_total", ("Job", "one")], (0,))
        self.assertEqual(found["odoo_cron_failures_total", ("Job", "two")], (1,))
        self.assertNotIn(("odoo_cron_last_success_timestamp_seconds", ("Job", "two")), found)

    def test_a_full_disk_leaves_no_request_in_progress(self):
        def in_progress():
            return self.collected().get((metrics.REQUESTS_IN_PROGRESS.name, ()), (0,))[0]

        def served(route):
            request = ServedRequest({"REQUEST_METHOD": "GET"})
            request.route, request.kind, request.status = route, "http", 200
            self.recorder.request_began(request)
            self.assertEqual(in_progress(), 1)
            with contextlib.suppress(OSError):
                self.recorder.request_finished(request)

        served("/first")
        size = self.values._file.path.stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # the system refuses to let the file grow, like on a full disk
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            for number in range(1000):
                served(f"/{number}")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, ignored)
        self.assertEqual(self.values._file.path.stat().st_size, size)
        self.assertEqual(in_progress(), 0)

    def test_the_pool_and_the_memory_of_the_process_are_seen(self):
        CronJob("Job", 1, "db", 1).finish()
        found = self.collected()
        used, _count, maximum = pools()
        self.assertGreater(maximum, 0)
        self.assertEqual(found["odoo_postgresql_pool_connections", ("used",)], (used,))
        self.assertEqual(found["odoo_postgresql_pool_connections_max", ()], (maximum,))
        self.assertGreater(found["odoo_worker_resident_memory_bytes", ("threaded",)], (1e6,))


@tagged("-at_install", "post_install")
class TestRequests(HttpCase, ValuesCase):
    def setUp(self):
        super().setUp()
        self.recorder = Recorder(self.values, IGNORED, "threaded")
        self.recorder.subscribe()
        self.addCleanup(self.recorder.unsubscribe)

    def counted(self):
        """Return the number of requests by labels without the database; none is in progress."""
        name = metrics.REQUEST_SECONDS.name
        for _try in range(600):
            found = self.collected()
            if found.get((metrics.REQUESTS_IN_PROGRESS.name, ()), (0,)) == (0,):
                break
        return {key[1][:-1]: sum(numbers[:-1]) for key, numbers in found.items() if key[0] == name}

    def databases(self):
        name = metrics.REQUEST_SECONDS.name
        return {labels[-1] for metric, labels in self.collected() if metric == name}

    def test_requests_are_counted_by_route_method_status_and_kind(self):
        for _number in range(3):
            self.url_open("/web/login")
        self.url_open("/web/static/img/favicon.ico")
        self.assertEqual(
            self.counted(),
            {("/web/login", "GET", "200", "http"): 3, ("static", "GET", "200", "static"): 1},
        )
        database = self.env.cr.dbname
        self.assertEqual(self.databases(), {database, ""})
        queries = self.collected()[metrics.QUERIES.name, ("/web/login", database)]
        self.assertGreater(queries, (0,))

    def test_requests_of_strangers_that_fail_name_no_route(self):
        for path in (
            "/web",
            "/web/session/get_lang_list",
            "/web/content/999999999",
            "/web/action",
        ):
            for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
                with mute_logger("odoo.http", "odoo.addons.base.models.ir_http"):
                    self.opener.request(
                        method, self.base_url() + path, timeout=60, allow_redirects=False
                    )
        routes = {labels[0] for labels in self.counted()}
        # Odoo answers /web itself on some series: OPTIONS without a log-in is a success there
        self.assertLessEqual(routes - {"failed", "unmatched"}, {"/web"})

    def test_a_route_that_has_worked_is_known_when_it_fails(self):
        self.url_open("/web/login")
        with mute_logger("odoo.http"):
            self.opener.post(self.base_url() + "/web/login", data={"a": "b"}, timeout=60)
        found = self.counted()
        self.assertEqual(found["/web/login", "GET", "200", "http"], 1)
        self.assertEqual(sum(found.values()), 2)
        self.assertIn(("failed", "POST", "400", "http"), found)

    def test_a_scan_of_random_urls_is_one_label_set(self):
        for number in range(30):
            self.url_open(f"/scan/{number}.php?x={number}")
        self.assertEqual(self.counted(), {("unmatched", "GET", "404", "none"): 30})

    def test_health_checks_are_not_counted(self):
        self.url_open("/web/health")
        self.assertEqual(self.counted(), {})

    def test_a_call_that_fails_is_counted_by_its_route(self):
        self.url_open(
            "/web/dataset/call_kw/res.partner/search_count",
            data=json.dumps({"jsonrpc": "2.0", "params": {}}),
            headers={"Content-Type": "application/json"},
        )
        route = "/web/dataset/call_kw/<path:path>"
        self.assertEqual(self.counted(), {(route, "POST", "200", "json"): 1})
