import socket
import threading
import time
from http.client import BadStatusLine, HTTPConnection, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo.tests import BaseCase

from .faults import FaultProxy

BODY = b"0123456789" * 100


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append(self.command)
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))
            return
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_HEAD = do_GET

    def do_PUT(self):
        self.server.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


class TestFaultProxy(BaseCase):
    def setUp(self):
        super().setUp()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.seen = self.seen = []
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.proxy = FaultProxy("127.0.0.1", server.server_address[1])
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.client = self.connect()

    def connect(self, timeout=5):
        client = HTTPConnection(self.proxy.host, self.proxy.port, timeout=timeout)
        self.addCleanup(client.close)
        return client

    def get(self, path="/a", method="GET", body=None, client=None):
        client = client or self.client
        client.request(method, path, body)
        answer = client.getresponse()
        return answer.status, answer.read()

    def test_requests_pass_on_one_connection_and_are_logged(self):
        self.assertEqual(self.get("/a"), (200, BODY))
        connection = self.client.sock
        self.assertEqual(self.get("/b?x=1", "HEAD"), (200, b""))
        self.assertEqual(self.get("/c", "PUT", b"GET /no HTTP/1.1\r\n\r\n"), (204, b""))
        self.assertEqual(self.get("/chunked"), (200, BODY))
        self.assertIs(self.client.sock, connection)
        self.assertEqual(self.proxy.requests, ["GET /a", "HEAD /b?x=1", "PUT /c", "GET /chunked"])

    def test_black_hole_takes_requests_of_open_and_new_connections(self):
        self.get()
        self.client.sock.settimeout(0.3)
        self.proxy.blackhole()
        for client in (self.client, self.connect(0.3)):
            with self.assertRaises(TimeoutError):
                self.get(client=client)
        self.proxy.pass_through()
        self.assertEqual(self.get(client=self.connect()), (200, BODY))
        self.assertEqual(len(self.seen), 2)

    def test_refused_port_opens_again_under_the_same_number(self):
        self.get()
        self.proxy.refuse()
        with self.assertRaises(ConnectionError):
            self.get()
        with self.assertRaises(ConnectionRefusedError):
            self.get(client=self.connect())
        self.proxy.pass_through()
        self.assertEqual(self.get(client=self.connect()), (200, BODY))

    def test_dropped_connections_are_reset_once_the_call_returns(self):
        for _number in range(100):
            client = self.connect()
            self.assertEqual(self.get(client=client), (200, BODY))
            self.proxy.drop_connections()
            client.sock.setblocking(False)
            with self.assertRaises(ConnectionResetError):
                client.sock.recv(1)

    def test_connections_in_a_black_hole_are_dropped_at_once(self):
        self.proxy.blackhole()
        self.client.request("GET", "/a")
        self.client.sock.settimeout(5)
        while not self.proxy.requests:
            time.sleep(0.01)
        self.proxy.drop_connections()
        self.client.sock.setblocking(False)
        with self.assertRaises(ConnectionResetError):
            self.client.sock.recv(1)

    def test_reset_loses_the_answer_and_not_the_request(self):
        self.proxy.reset(times=1)
        with self.assertRaises(ConnectionResetError):
            self.get("/c", "PUT", b"kept")
        self.assertEqual(self.seen, [b"kept"])
        self.assertEqual(self.get(client=self.connect()), (200, BODY))

    def test_reset_breaks_off_within_an_answer(self):
        self.proxy.reset(after=500)
        with self.assertRaises(ConnectionResetError):
            self.get()

    def test_cut_closes_cleanly_after_some_bytes_of_the_body(self):
        self.proxy.cut(after=300)
        with self.assertRaises(IncompleteRead) as caught:
            self.get()
        self.assertEqual(caught.exception.partial, BODY[:300])

    def test_corrupt_changes_bodies_only(self):
        self.proxy.corrupt(times=1)
        status, body = self.get("/chunked")
        self.assertEqual((status, len(body)), (200, len(BODY)))
        self.assertNotEqual(body, BODY)
        self.assertEqual(self.get("/chunked"), (200, BODY))

    def test_answers_of_its_own_never_reach_the_server(self):
        self.proxy.answer(503, {"Retry-After": "1"}, b"<Code>SlowDown</Code>", times=2)
        self.assertEqual(self.get("/c", "PUT", b"lost"), (503, b"<Code>SlowDown</Code>"))
        self.assertEqual(self.get("/d", "HEAD"), (503, b""))
        self.assertEqual(self.seen, [])
        self.assertEqual(self.get(), (200, BODY))
        self.assertEqual(len(self.proxy.requests), 3)

    def test_a_fault_for_some_requests_leaves_the_others_alone(self):
        self.proxy.answer(500, only="^PUT /c$")
        self.assertEqual(self.get(), (200, BODY))
        self.assertEqual(self.get("/c", "PUT", b"x")[0], 500)

    def test_latency_and_bandwidth_slow_answers_down(self):
        self.proxy.latency, self.proxy.bandwidth = 0.1, len(BODY) * 4
        began = time.monotonic()
        self.assertEqual(self.get(), (200, BODY))
        self.assertGreater(time.monotonic() - began, 0.4)

    def test_other_protocols_pass_as_bytes(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            FaultProxy("127.0.0.1", server.getsockname()[1]) as proxy,
            socket.create_connection((proxy.host, proxy.port), 5) as client,
        ):
            behind, _address = server.accept()
            behind.settimeout(5)
            self.addCleanup(behind.close)
            client.sendall(b"*1\r\n$4\r\nPING\r\n")
            self.assertEqual(behind.recv(64), b"*1\r\n$4\r\nPING\r\n")
            behind.sendall(b"+PONG\r\n")
            self.assertEqual(client.recv(64), b"+PONG\r\n")
            proxy.cut(after=2)
            behind.sendall(b"+PONG\r\n")
            self.assertEqual((client.recv(2), client.recv(64)), (b"+P", b""))
            self.assertEqual(proxy.requests, [])

    def test_a_stopped_server_behind_it_resets(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            proxy = FaultProxy("127.0.0.1", closed.getsockname()[1])
            with proxy, self.assertRaises((ConnectionError, BadStatusLine)):
                client = HTTPConnection(proxy.host, proxy.port, timeout=5)
                self.addCleanup(client.close)
                self.get(client=client)
