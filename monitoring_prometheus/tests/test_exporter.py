import functools
import http.client
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from shutil import which
from unittest import SkipTest

from odoo.tests import tagged
from odoo.tools import mute_logger

from .. import metrics as metrics
from ..exporter import SOCKET, Exporter, Relay
from ..families import single
from ..sockets import connected, short_path
from .common import ValuesCase, samples

WEB = (("database", "db"), ("route", "/web"))
PRIVATE = ("127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd00::1", "fe80::1%eth0")
MAPPED = ("::ffff:10.1.2.3", "::ffff:127.0.0.1")
PUBLIC = ("8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:db8::1", "::ffff:8.8.8.8", "", "unix", "0")
# of proxies whose own address is a private one
FORWARDED = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED"),
    *("HTTP_X_REAL_IP", "HTTP_VIA", "HTTP_CF_CONNECTING_IP", "HTTP_X_ENVOY_EXTERNAL_ADDRESS"),
    *("HTTP_X_AMZN_TRACE_ID", "HTTP_TRUE_CLIENT_IP", "HTTP_X_ORIGINAL_FORWARDED_FOR"),
)
BUILD = single(metrics.BUILD, {("19.0", "3.0.0"): 1.0})


@tagged("-at_install", "post_install")
class TestExporter(ValuesCase):
    def start(self, token=None, interface="127.0.0.1"):
        """Start an exporter at a free port and return its address."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = (interface, free.getsockname()[1])
        self.exporter = Exporter(self.directory, token, [BUILD])
        self.exporter.start(address)
        self.addCleanup(self.exporter.stop)
        self.url = f"http://{interface}:{address[1]}"
        return address

    def get(self, path="/metrics", **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        return urllib.request.urlopen(request, timeout=60)

    def refusal(self, *arguments, **headers):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.get(*arguments, **headers)
        with caught.exception as error:
            return error.code

    def relayed(self, token="hush", **environ):
        """Ask the relay as Odoo's port does; return status, headers and text."""
        answered = []
        environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET", **environ}
        relay = Relay(self.directory, token)
        body = relay(environ, lambda status, headers: answered.extend([status, dict(headers)]))
        return (*answered, b"".join(body).decode())

    def test_the_text_has_the_numbers_of_all_processes(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        self.process().add(metrics.QUERIES, ("/web", "db"), 3)
        self.start()
        with self.get() as response:
            found = samples(response.read().decode())
        self.assertEqual(found["odoo_http_sql_queries_total", WEB], 5)

    def test_the_buckets_of_a_histogram_are_cumulative(self):
        for seconds in (0.01, 0.2, 99):
            self.values.observe(metrics.CRON_SECONDS, ("job", "db"), seconds)
        self.start()
        with self.get() as response:
            found = samples(response.read().decode())
        name, job = "odoo_cron_duration_seconds", (("action", "job"), ("database", "db"))
        self.assertEqual(found[f"{name}_bucket", (*job, ("le", "0.1"))], 1)
        self.assertEqual(found[f"{name}_bucket", (*job, ("le", "0.5"))], 2)
        self.assertEqual(found[f"{name}_bucket", (*job, ("le", "+Inf"))], 3)
        self.assertEqual(found[f"{name}_count", job], 3)
        self.assertEqual(found[f"{name}_sum", job], 99.21)

    def test_the_format_is_the_one_that_is_asked_for(self):
        self.start()
        with self.get() as response:
            self.assertTrue(response.headers["Content-Type"].startswith("text/plain; version="))
        with self.get(Accept="application/openmetrics-text;version=1.0.0") as response:
            content_type = response.headers["Content-Type"]
            self.assertTrue(content_type.startswith("application/openmetrics-text"))
            self.assertTrue(response.read().endswith(b"# EOF\n"))

    def test_a_label_that_needs_escaping_is_escaped(self):
        self.values.observe(metrics.CRON_SECONDS, ('job "one"\n\\', "db"), 1)
        self.start()
        with self.get() as response:
            found = samples(response.read().decode())
        labels = (("action", 'job "one"\n\\'), ("database", "db"))
        self.assertIn(("odoo_cron_duration_seconds_count", labels), found)

    def test_without_the_token_nothing_is_told(self):
        self.start(token="hush")
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "hush"}):
            self.assertEqual(self.refusal(**headers), 401)
        with self.get(Authorization="Bearer hush") as response:
            self.assertEqual(response.status, 200)

    def test_other_paths_and_methods_are_refused(self):
        address = self.start()
        self.assertEqual(self.refusal("/"), 404)
        connection = http.client.HTTPConnection(*address, timeout=60)
        connection.request("POST", "/metrics")
        self.assertEqual(connection.getresponse().status, 405)
        connection.close()

    def test_a_client_that_says_nothing_keeps_nobody_waiting(self):
        with socket.create_connection(self.start()), self.get() as response:
            self.assertEqual(response.status, 200)

    def test_soon_after_a_scrape_the_text_is_the_same(self):
        self.values.add(metrics.QUERIES, ("/web", "db"))
        self.start()
        with self.get() as response:
            first = response.read()
        self.values.add(metrics.QUERIES, ("/web", "db"))
        with self.get() as response:
            self.assertEqual(response.read(), first)

    def test_the_relay_hands_over_what_the_exporter_says(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        self.start(token="hush")
        status, headers, text = self.relayed(HTTP_AUTHORIZATION="Bearer hush")
        self.assertEqual(status, "200 OK")
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version="))
        self.assertEqual(samples(text)["odoo_http_sql_queries_total", WEB], 2)

    def test_the_relay_wants_the_token_too(self):
        self.start(token="hush")
        status, _headers, text = self.relayed()
        self.assertEqual((status, text), ("401 Unauthorized", ""))

    @mute_logger("odoo.addons.monitoring_prometheus.exporter")
    def test_without_an_exporter_the_relay_says_so(self):
        status, headers, _text = self.relayed(HTTP_AUTHORIZATION="Bearer hush")
        self.assertEqual((status, headers["Retry-After"]), ("503 Service Unavailable", "5"))

    def test_a_port_in_use_is_an_error_and_leaves_nothing_open(self):
        address = self.start()
        other = Exporter(self.directory, None)
        with self.assertRaises(OSError):
            other.start(address)
        self.assertFalse(other.is_started)

    def test_an_exporter_that_gets_its_port_later_tidies(self):
        address = self.start()
        late = Exporter(self.directory / "late", None)
        with self.assertRaises(OSError):
            late.start(address)
        self.exporter.stop()
        before = self.tidying()
        late.start(address)
        self.addCleanup(late.stop)
        [thread] = self.tidying() - before
        thread.join(0.5)
        self.assertTrue(thread.is_alive())

    def tidying(self):
        return {thread for thread in threading.enumerate() if thread.name == "metrics tidy"}

    def test_without_a_token_odoo_s_port_answers_this_machine_and_private_networks_only(self):
        self.start()
        for address in (*PRIVATE, *MAPPED):
            status = self.relayed(token=None, REMOTE_ADDR=address)[0]
            self.assertEqual(status, "200 OK", address)
        for address in PUBLIC:
            status, _headers, text = self.relayed(token=None, REMOTE_ADDR=address)
            self.assertEqual(status, "403 Forbidden", address)
            self.assertIn("ODOO_PROMETHEUS_TOKEN", text)

    def test_a_proxy_s_own_address_opens_nothing_to_its_clients(self):
        self.start()
        for header in FORWARDED:
            environ = {"REMOTE_ADDR": "127.0.0.1", header: "8.8.8.8"}
            self.assertEqual(self.relayed(token=None, **environ)[0], "403 Forbidden", header)
        # nor does a client that names a private address
        environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}
        self.assertEqual(self.relayed(token=None, **environ)[0], "403 Forbidden")

    def test_with_a_token_every_address_is_answered(self):
        self.start(token="hush")
        environ = {"REMOTE_ADDR": "8.8.8.8", "HTTP_X_FORWARDED_FOR": "8.8.8.8"}
        status = self.relayed(HTTP_AUTHORIZATION="Bearer hush", **environ)[0]
        self.assertEqual(status, "200 OK")

    def test_interfaces_of_ipv6_are_served(self):
        for interface, asked in (("::1", "[::1]"), ("::", "[::1]"), ("[::1]", "[::1]")):
            _interface, port = self.start(interface=interface)
            self.url = f"http://{asked}:{port}"
            with self.get() as response:
                self.assertEqual(response.status, 200, interface)
            if interface == "::":
                # like Odoo's own port, it accepts clients of IPv4 and IPv6
                self.url = f"http://127.0.0.1:{port}"
                with self.get() as response:
                    self.assertEqual(response.status, 200)
            self.exporter.stop()

    def test_many_scrapes_at_a_time_share_one_text(self):
        for route in range(300):
            self.values.observe(
                metrics.REQUEST_SECONDS, (f"/{route}", "GET", "200", "http", "db"), 1
            )
        self.start(token="hush")
        collected = []
        collect = self.exporter._values.collect

        def counted_collect():
            collected.append(1)
            return collect()

        self.exporter._values.collect = counted_collect
        with ThreadPoolExecutor(20) as pool:
            scrape = functools.partial(self.relayed, HTTP_AUTHORIZATION="Bearer hush")
            answers = [job.result() for job in [pool.submit(scrape) for _number in range(300)]]
        self.assertEqual({status for status, _headers, _text in answers}, {"200 OK"})
        self.assertEqual(len({text for _status, _headers, text in answers}), len(collected))
        # they take no longer than a text stays fresh, unless the machine is very slow
        self.assertLess(len(collected), 10)

    def test_a_queue_that_is_full_is_waited_for(self):
        self.directory.mkdir(exist_ok=True)
        with short_path(self.directory / SOCKET) as path, socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(0)
            waiting = [connected(self.directory / SOCKET)]
            accepted = []
            with ThreadPoolExecutor(3) as pool:
                jobs = [pool.submit(connected, self.directory / SOCKET) for _number in range(3)]
                while len(accepted) < 4:
                    accepted.append(server.accept()[0])
                waiting += [job.result() for job in jobs]
            for connection in (*waiting, *accepted):
                connection.close()

    def test_damaged_files_are_left_out_and_counted(self):
        self.values.add(metrics.QUERIES, ("/web", "db"), 2)
        other = self.process()
        for route in range(500):
            other.add(metrics.QUERIES, (f"/{route}", "db"), 3)
        with other._file.path.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(4096))
        self.start()
        with self.get() as response:
            found = samples(response.read().decode())
        self.assertEqual(found["odoo_http_sql_queries_total", WEB], 2)
        self.assertEqual(found["odoo_metrics_damaged_files", ()], 1)

    def test_a_folder_with_a_long_name_has_a_socket(self):
        self.directory /= "x" * 200
        self.start(token="hush")
        self.assertEqual(self.relayed(HTTP_AUTHORIZATION="Bearer hush")[0], "200 OK")

    def test_promtool_finds_nothing_to_complain_of(self):
        if not which("promtool"):
            raise SkipTest("no promtool of a Prometheus server")
        for metric in metrics.WRITTEN.values():
            labels = ("x",) * len(metric.labels)
            if metric.kind == "histogram":
                self.values.observe(metric, labels, 0.3)
            else:
                self.values.put(metric, labels, 1)
        self.start()
        with self.get() as response:
            text = response.read()
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b"", b""))
