import threading

from odoo.tests import HttpCase, tagged

from odoo.addons.cloud_base.events.http_requests import PROBES, STATIC

from .. import subscriptions
from ..settings import LoggingSettings
from .common import Lines

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
LOGIN = "/web/login"


@tagged("-at_install", "post_install")
class TestHttp(HttpCase):
    def setUp(self):
        super().setUp()
        subscriptions.subscribe()
        self.addCleanup(subscriptions.unsubscribe)

    def lines_of(self, url, headers=None, schema="default", ignored=frozenset()):
        """Ask for a page, and return the answer and the access lines."""
        lines = Lines(schema)
        with lines.following("werkzeug", ignored):
            answer = self.url_open(url, headers=headers)
            # the line is written before the body, by another thread
            for thread in threading.enumerate():
                if thread.name.startswith("odoo.service.http.request"):
                    thread.join(10)
        return answer, lines.parsed

    def test_an_id_is_made_told_and_returned(self):
        answer, [line] = self.lines_of(LOGIN)
        self.assertRegex(line["request_id"], "^[0-9a-f]{32}$")
        self.assertEqual(answer.headers["X-Request-ID"], line["request_id"])

    def test_each_request_has_an_id_of_its_own(self):
        ids = {self.lines_of(LOGIN)[1][0]["request_id"] for _number in range(3)}
        self.assertEqual(len(ids), 3)

    def test_a_caller_s_id_and_trace_are_taken(self):
        headers = {"X-Request-ID": "mine-1", "traceparent": f"00-{TRACE}-{SPAN}-01"}
        answer, [line] = self.lines_of(LOGIN, headers)
        self.assertEqual(answer.headers["X-Request-ID"], "mine-1")
        self.assertEqual(line["request_id"], "mine-1")
        self.assertEqual((line["trace_id"], line["span_id"]), (TRACE, SPAN))

    def test_an_id_with_other_characters_is_replaced(self):
        answer, [line] = self.lines_of(LOGIN, {"X-Request-ID": 'a"} {"b'})
        self.assertRegex(answer.headers["X-Request-ID"], "^[0-9a-f]{32}$")
        self.assertEqual(line["request_id"], answer.headers["X-Request-ID"])

    def test_an_access_line_has_numbers(self):
        _answer, [line] = self.lines_of(f"{LOGIN}?token=hunter2&kept=1")
        self.assertEqual(
            (line["http_method"], line["http_path"], line["http_route"], line["http_status"]),
            ("GET", LOGIN, LOGIN, 200),
        )
        self.assertEqual(line["dbname"], self.env.cr.dbname)
        self.assertGreater(line["perf_queries"], 0)
        self.assertGreater(line["perf_query_seconds"], 0)
        self.assertGreater(line["perf_remaining_seconds"], 0)
        self.assertGreaterEqual(line["http_duration_seconds"], line["perf_query_seconds"])
        self.assertIn("token=***&kept=1", line["message"])

    def test_a_path_with_quotes_and_newlines_is_an_access_line_too(self):
        _answer, [line] = self.lines_of("/no/such%22page%0Anor%22 line?a=%22")
        self.assertEqual((line["http_status"], line["http_method"]), (404, "GET"))
        self.assertEqual(line["http_path"], '/no/such"page\nnor" line')

    def test_the_other_schemas_have_them_too(self):
        _answer, [line] = self.lines_of(LOGIN, schema="ecs")
        self.assertEqual(line["http"]["response"]["status_code"], 200)
        self.assertEqual((line["url"]["path"], line["odoo"]["route"]), (LOGIN, LOGIN))
        self.assertGreater(line["event"]["duration"], 0)
        _answer, [line] = self.lines_of(LOGIN, schema="otel")
        self.assertEqual(line["Attributes"]["http.response.status_code"], 200)
        self.assertEqual(line["Attributes"]["url.path"], LOGIN)
        self.assertGreater(line["Attributes"]["http.server.request.duration"], 0)

    def test_a_user_is_told_by_id(self):
        self.authenticate("admin", "admin")
        _answer, [line] = self.lines_of("/web/session/modules_of_nobody")
        self.assertEqual(line["http_status"], 404)
        _answer, [line] = self.lines_of("/web/image?model=res.users&id=1&field=avatar_128")
        self.assertEqual(line["uid"], self.env.ref("base.user_admin").id)

    def test_lines_within_a_request_belong_to_it(self):
        lines = Lines()
        with lines.following("odoo.addons.base.models.res_users"):
            data = LOG_IN.replace("DATABASE", self.env.cr.dbname)
            answer = self.url_open("/xmlrpc/2/common", data=data)
        found = lines.of(request_id=answer.headers["X-Request-ID"])
        self.assertTrue(found, lines.text)
        self.assertEqual(found[0]["http_path"], "/xmlrpc/2/common")
        self.assertNotIn("hunter2", lines.text)

    def test_health_checks_and_static_files_do_not_fill_the_log(self):
        ignored = LoggingSettings(ODOO_LOGGING_JSON="1").ignored_routes
        self.assertEqual(ignored, PROBES | {STATIC})
        for url in ("/web/health", "/web/static/img/favicon.ico"):
            answer, lines = self.lines_of(url, ignored=ignored)
            self.assertEqual((answer.status_code, lines), (200, []))
            _answer, [line] = self.lines_of(url)
            self.assertEqual(line["http_path"], url)

    def test_one_of_them_that_fails_is_told(self):
        ignored = LoggingSettings(ODOO_LOGGING_JSON="1").ignored_routes
        answer, [line] = self.lines_of("/web/static/no.such.file", ignored=ignored)
        self.assertEqual((line["http_status"], line["http_status"]), (answer.status_code, 404))


LOG_IN = """<?xml version='1.0'?>
<methodCall><methodName>login</methodName><params>
<param><value><string>DATABASE</string></value></param>
<param><value><string>nobody</string></value></param>
<param><value><string>hunter2</string></value></param>
</params></methodCall>"""
