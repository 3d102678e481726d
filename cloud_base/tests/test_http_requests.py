import json
import queue
import socket
import struct
import threading
from urllib.parse import urlsplit

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..events import http_requests

LOGGER = "odoo.addons.cloud_base.events.http_requests"


@tagged("-at_install", "post_install")
class TestHttpRequests(HttpCase):
    def setUp(self):
        super().setUp()
        self.told = queue.Queue()
        self.subscribe(self.told.put)

    def subscribe(self, finished=None, began=None):
        http_requests.subscribe(finished, began=began)
        self.addCleanup(http_requests.unsubscribe, finished, began=began)

    def told_after(self, path, **kwargs):
        """Request a path; return the response and the reported ``ServedRequest``."""
        response = self.url_open(path, **kwargs)
        # it ends after the client has the whole body
        return response, self.told.get(timeout=60)

    def call_kw(self, model, method, *arguments):
        params = {"model": model, "method": method, "args": arguments, "kwargs": {}}
        return self.told_after(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )

    def test_a_page_is_told_with_its_route_status_and_queries(self):
        _response, request = self.told_after("/web/login")
        self.assertEqual(
            (request.kind, request.route, request.method, request.status),
            ("http", "/web/login", "GET", 200),
        )
        self.assertEqual(request.database, self.env.cr.dbname)
        self.assertEqual(request.user_id, self.env.ref("base.public_user").id)
        self.assertGreater(request.queries, 0)
        self.assertGreater(request.query_seconds, 0)
        self.assertGreater(request.seconds, request.query_seconds)
        self.assertFalse(request.is_probe)

    def test_a_static_file_is_one_route(self):
        _response, request = self.told_after("/web/static/img/favicon.ico")
        self.assertEqual((request.kind, request.route, request.status), ("static", "static", 200))

    def test_unknown_paths_are_one_route(self):
        for path in ("/wp-login.php", "/a/b/c", "/web/staticx/y"):
            _response, request = self.told_after(path)
            self.assertEqual(
                (request.kind, request.route, request.status), ("none", "unmatched", 404)
            )

    def test_a_call_is_told_with_model_method_and_user(self):
        self.authenticate("admin", "admin")
        # authenticate() itself asks for nothing on some series
        while not self.told.empty():
            self.told.get()
        _response, request = self.call_kw("res.partner", "search_count", [])
        self.assertEqual(request.kind, "json")
        self.assertEqual(request.call, ("res.partner", "search_count"))
        self.assertEqual(request.user_id, self.env.ref("base.user_admin").id)

    def test_parameters_that_are_no_names_are_no_call(self):
        self.authenticate("admin", "admin")
        while not self.told.empty():
            self.told.get()
        with mute_logger("odoo.http"):
            _response, request = self.call_kw(["no", "name"], "read")
        self.assertIsNone(request.call)

    def test_a_client_that_hangs_up_is_told_too(self):
        reset = threading.Event()
        self.addCleanup(reset.set)
        begun = threading.Event()

        def began(_request):
            begun.set()
            reset.wait(60)

        self.subscribe(began=began)
        url = urlsplit(self.base_url())
        client = socket.create_connection((url.hostname, url.port), timeout=60)
        client.sendall(b"GET /web/static/img/favicon.ico HTTP/1.0\r\nHost: localhost\r\n\r\n")
        self.assertTrue(begun.wait(60))
        # close() sends a reset, and nothing of the answer can be sent
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        reset.set()
        self.assertEqual(self.told.get(timeout=60).route, "static")
        self.assertTrue(self.told.empty())

    def test_an_odd_method_is_other(self):
        with mute_logger("odoo.http"):
            self.opener.request("BREW", self.base_url() + "/web/login", timeout=60)
        self.assertEqual(self.told.get(timeout=60).method, "OTHER")

    def test_a_health_check_is_a_probe(self):
        _response, request = self.told_after("/web/health")
        self.assertTrue(request.is_probe)

    @mute_logger("odoo.addons.rpc.controllers.xmlrpc")
    def test_xml_rpc_is_rpc(self):
        body = "<methodCall><methodName>version</methodName></methodCall>"
        response, request = self.told_after(
            "/xmlrpc/2/common", data=body, headers={"Content-Type": "text/xml"}
        )
        self.assertEqual((response.status_code, request.kind), (200, "rpc"))

    def test_a_header_added_at_the_begin_is_in_the_response(self):
        def name(request):
            request.response_headers.append(("X-Request-ID", request.environ["HTTP_X_ASKED"]))

        self.subscribe(began=name)
        response, _request = self.told_after("/web/login", headers={"X-Asked": "abc"})
        self.assertEqual(response.headers["X-Request-ID"], "abc")

    def test_the_request_is_known_while_it_is_served(self):
        seen = []
        self.subscribe(began=lambda request: seen.append(http_requests.current() is request))
        _response, _request = self.told_after("/web/login")
        self.assertEqual(seen, [True])
        self.assertIsNone(http_requests.current())

    def test_an_observer_that_raises_disturbs_no_request_and_is_reported_once(self):
        def fails(_request):
            raise ValueError("broken sink")

        with self.assertLogs(LOGGER, "WARNING") as logs:
            self.subscribe(began=fails)
            for _number in range(2):
                response, _request = self.told_after("/web/login")
                self.assertEqual(response.status_code, 200)
        self.assertEqual(len(logs.output), 1)

    def test_nothing_is_told_after_the_end(self):
        http_requests.unsubscribe(self.told.put)
        self.url_open("/web/login")
        http_requests.subscribe(self.told.put)
        _response, request = self.told_after("/web/health")
        self.assertEqual(request.route, "/web/health")
