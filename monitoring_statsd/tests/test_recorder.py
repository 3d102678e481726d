import json
import queue

from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.cloud_base.events import http_requests
from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.operations import Operation, count

from ..recorder import Recorder
from .common import StatsdCase


class RecorderCase(StatsdCase):
    def setUp(self):
        super().setUp()
        self.record()

    def record(self, tagged=False, **variables):
        self.sender = self.client(**variables)
        routes = self.settings().ignored_routes
        recorder = Recorder(self.sender, self.names(tagged), routes)
        recorder.subscribe()
        self.addCleanup(recorder.unsubscribe)


@tagged("-at_install", "post_install")
class TestRecorder(RecorderCase, BaseCase):
    def test_scheduled_actions_are_timed_and_failures_counted(self):
        good, bad = CronJob("Mail: Queue Manager", 1, "db", 1), CronJob("Очередь", 2, "db", 1)
        bad.error = "ValueError"
        good.finish()
        bad.finish()
        timers = self.timers("odoo.cron.job.Mail_Queue_Manager", "odoo.cron.job.job_2")
        self.assertEqual(
            {name: n for name, (n, _values) in timers.items()},
            {
                "odoo.cron.job.Mail_Queue_Manager": 1,
                "odoo.cron.job.job_2": 1,
            },
        )
        self.assertEqual(self.counters("odoo.cron.failure.job_2"), {"odoo.cron.failure.job_2": 1})

    def test_operations_of_the_stores_are_timed_with_bytes_errors_and_events(self):
        with Operation("session_store", "save", "redis") as operation:
            operation.bytes = 7
        with self.assertRaises(KeyError), Operation("object_store", "read", "s3"):
            raise KeyError
        count("session_store", "rotation_postponed", "redis")
        count("something_else", "happened")
        save, read = (
            "odoo.session_store.operation.redis.save",
            "odoo.object_store.operation.s3.read",
        )
        timers = self.timers(save, read)
        self.assertEqual({name: n for name, (n, _values) in timers.items()}, {save: 1, read: 1})
        expected = {
            "odoo.session_store.bytes.redis.save": 7,
            "odoo.object_store.error.s3.read.KeyError": 1,
            "odoo.session_store.event.redis.rotation_postponed": 1,
        }
        self.assertEqual(self.counters(*expected), expected)

    def test_what_was_dropped_is_told_as_soon_as_it_can_be(self):
        self.sender.dropped = 5
        CronJob("Job", 1, "db", 1).finish()
        self.assertEqual(self.counters("odoo.statsd.dropped"), {"odoo.statsd.dropped": 5})


@tagged("-at_install", "post_install")
class TestRequests(RecorderCase, HttpCase):
    def setUp(self):
        super().setUp()
        # called after the recorder
        self.ended = queue.Queue()
        http_requests.subscribe(self.ended.put)
        self.addCleanup(http_requests.unsubscribe, self.ended.put)

    def call(self, path, model, method, *arguments):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {}}
        return self.url_open(
            path,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )

    def count_of(self, name, expected):
        """Return the number of values of a timer, once at least ``expected`` have arrived."""
        return self.daemon.wait_for(
            lambda: self.timers().get(name, (0, []))[0], lambda count: count >= expected
        )

    def test_requests_are_timed_under_the_name_that_dashboards_know(self):
        for _number in range(3):
            self.url_open("/web/login")
        self.assertEqual(self.count_of("odoo.http.request", 3), 3)
        _count, values = self.timers()["odoo.http.request"]
        self.assertTrue(all(0 < value < 600_000 for value in values), values)
        self.assertEqual(self.counters("odoo.http.status.2xx")["odoo.http.status.2xx"], 3)
        self.assertGreater(self.counters("odoo.http.queries")["odoo.http.queries"], 0)
        self.assertEqual(self.count_of("odoo.http.sql", 3), 3)

    def test_buttons_are_timed_by_model_and_method(self):
        self.authenticate("admin", "admin")
        partner = self.env.ref("base.partner_admin")
        self.call(
            "/web/dataset/call_button",
            *("res.partner", "create_company", [partner.id]),
        )
        name = "odoo.http.button.res_partner.create_company"
        self.assertEqual(self.count_of(name, 1), 1)

    def test_other_calls_are_requests(self):
        self.authenticate("admin", "admin")
        path = "/web/dataset/call_kw/res.partner/search_count"
        self.call(path, "res.partner", "search_count", [])
        self.assertEqual(self.told("/web/dataset/call_kw"), self.all_requests())
        self.assertFalse([name for name in self.timers() if "button" in name])

    def test_a_button_that_names_no_method_is_a_request(self):
        self.authenticate("admin", "admin")
        with mute_logger("odoo.http"):
            self.call("/web/dataset/call_button", ["no", "model"], "read")
        self.assertEqual(self.told("/web/dataset/call_button"), self.all_requests())

    def test_a_button_that_a_stranger_names_is_a_request(self):
        with mute_logger("odoo.http"):
            for number in range(5):
                self.call("/web/dataset/call_button", f"made.up.{number}", "read")
        self.assertEqual(self.count_of("odoo.http.request", 5), 5)
        self.assertFalse([name for name in self.timers() if "button" in name])

    def told(self, last):
        """Return how many requests have ended, when one of a route has."""
        ended = 1
        # authenticate() asks for a page on some series
        while not self.ended.get(timeout=60).route.startswith(last):
            ended += 1
        return ended

    def all_requests(self):
        """Return the number of requests that the server has received."""
        # datagrams on one machine come in the order they were sent in
        self.sender.incr(f"last.{self.customer}.test")
        self.counters("odoo.last")
        return self.timers()["odoo.http.request"][0]

    def test_a_scan_of_random_urls_adds_no_name(self):
        for number in range(20):
            self.url_open(f"/scan/{number}.php?x={number}")
        self.assertEqual(self.count_of("odoo.http.request", 20), 20)
        self.assertEqual(self.counters("odoo.http.status.4xx")["odoo.http.status.4xx"], 20)
        allowed = {"odoo.http.request", "odoo.http.sql"}
        self.assertLessEqual(set(self.timers()), allowed)

    def test_health_checks_and_static_files_are_not_counted(self):
        self.url_open("/web/health")
        self.url_open("/web/static/img/favicon.ico")
        self.url_open("/web/login")
        self.assertEqual(self.count_of("odoo.http.request", 1), 1)


@tagged("-at_install", "post_install")
class TestTags(RecorderCase, HttpCase):
    def record(self):
        return super().record(tagged=True, STATSD_TAGS="dogstatsd")

    def test_requests_have_route_method_and_status_as_tags(self):
        self.url_open("/web/login")
        name = (
            f"odoo.http.request;customer={self.customer};environment=test"
            f";route=-web-login;method=GET;status=200;database={self.env.cr.dbname}"
        )
        self.assertEqual(self.timers(name)[name][0], 1)
