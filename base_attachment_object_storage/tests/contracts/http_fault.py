"""Downloads while the store or the network fails: no client gets a shorter file unnoticed."""

import time
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import requests

from odoo.tools import mute_logger

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ...store import Unavailable
from ..attachment_setup import LOG
from .fault import BOUND_SECONDS, TIMEOUT_SECONDS, wait_until_closed
from .http import HTTP_LOG, HttpSetUp

BODY_LOG = "odoo.addons.base_attachment_object_storage.download.body"
CUT = requests.RequestException  # the common class of all errors for missing bytes
SIZE = 3_000_000  # more than any buffer on the way


class HttpFaultContract(HttpSetUp):
    """Mixed into an ``HttpCase``.

    ``prepare()`` and ``make_store_behind(proxy)`` are described in ``FaultSetUp``.
    """

    # loggers that report each attempt
    loud = ()
    timeout_seconds = TIMEOUT_SECONDS

    def setUp(self):
        super().setUp()
        self.prepare()
        entered = ExitStack()
        self.addCleanup(entered.close)
        if self.loud:
            entered.enter_context(mute_logger(*self.loud))
        self.content = bytes(range(250)) * (SIZE // 250)
        self.attachment = self.new(self.content, public=True, name="large.pdf")
        self.env.flush_all()
        address = urlsplit(self.server_url)
        self.proxy = entered.enter_context(FaultProxy(address.hostname, address.port))
        behind = self.make_store_behind(self.proxy)
        self.make_store = lambda container=None: behind
        self.assertEqual(self.fetch().content, self.content)  # logged in
        self.proxy.requests.clear()

    def fetch(self, **headers):
        address = f"{self.base_url()}/web/content/{self.attachment.id}"
        return self.opener.get(address, headers=headers, timeout=BOUND_SECONDS)

    def assert_open_connections(self, expected):
        deadline = time.monotonic() + BOUND_SECONDS
        while len(self.proxy._connections) != expected and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(len(self.proxy._connections), expected)

    @mute_logger(LOG, HTTP_LOG)
    def test_a_store_that_fails_at_once_is_503_with_retry_after(self):
        faults = {
            "refused": self.proxy.refuse,
            "reset": self.proxy.reset,
            "503": lambda: self.proxy.answer(503),
            "403": lambda: self.proxy.answer(403),
            "no body": lambda: self.proxy.cut(after=0),
            "silent": self.proxy.blackhole,
        }
        for name, begin in faults.items():
            for headers in ({}, {"Range": "bytes=5-900000"}):
                begin()
                with self.subTest(name, **headers):
                    began = time.monotonic()
                    response = self.fetch(**headers)
                    self.assertEqual(response.status_code, 503)
                    self.assertEqual(response.headers["Retry-After"], "30")
                    self.assertLess(time.monotonic() - began, BOUND_SECONDS)
                self.proxy.pass_through()
                wait_until_closed(self, self.make_store())
        self.assertEqual(self.fetch().content, self.content)

    @mute_logger(BODY_LOG, HTTP_LOG, LOG)
    def test_a_body_that_breaks_off_cuts_the_connection_and_is_never_taken_as_whole(self):
        for after in (400_000, SIZE - 1):
            for fault in (self.proxy.cut, self.proxy.reset):
                fault(after=after)
                with self.subTest(after=after, fault=fault.__name__), suppress(CUT):
                    # a reset may come before the first byte is read
                    self.assertEqual(self.fetch().status_code, 503)
        self.proxy.pass_through()
        wait_until_closed(self, self.make_store())
        self.assertEqual(self.fetch().content, self.content)

    @mute_logger(LOG)
    def test_bytes_that_break_off_on_the_way_to_odoo_name_no_host_and_container(self):
        self.proxy.cut(after=400_000)
        stream = self.attachment._to_http_stream()
        with self.assertRaises(Unavailable) as caught:
            stream.read()
        self.assertIn("does not answer", str(caught.exception))
        self.assertNotIn("127.0.0.1", str(caught.exception))
        self.assertNotIn(self.make_store().container, str(caught.exception))

    @mute_logger(HTTP_LOG, LOG)
    def test_what_arrived_before_a_cut_is_the_file_s_and_nothing_else(self):
        part = 300_000
        self.proxy.cut(after=part - 10)
        with self.assertLogs(BODY_LOG, "WARNING") as logs:
            got = b""
            with self.assertRaises(CUT):
                for chunk in self.begun(Range=f"bytes=0-{part - 1}").iter_content(10):
                    got += chunk
        self.assertIn("cut off", logs.output[0])
        self.assertNotIn("Traceback", logs.output[0])
        self.assertTrue(self.content.startswith(got))
        self.assertLess(len(got), part)

    def begun(self, **headers):
        """Return a response whose headers have arrived, and whose body is not read yet."""
        address = f"{self.base_url()}/web/content/{self.attachment.id}"
        response = self.opener.get(address, headers=headers, stream=True, timeout=BOUND_SECONDS)
        self.addCleanup(response.close)
        self.assertIn(response.status_code, (200, 206))
        return response

    @mute_logger(BODY_LOG, HTTP_LOG, LOG)
    def test_a_store_that_falls_silent_on_the_way_is_left_in_bounded_time(self):
        self.proxy.bandwidth = 400_000.0
        response = self.begun()
        self.proxy.blackhole()
        with self.assertRaises(CUT):
            b"".join(response.iter_content(65536))
        self.proxy.pass_through()

    def test_a_download_gives_its_connection_back(self):
        for _time in range(3):
            self.fetch()
        self.assert_open_connections(1)
        self.assertEqual([each.split()[0] for each in self.proxy.requests], ["GET"] * 3)

    def test_a_range_leaves_no_connection_behind(self):
        for start in range(3):
            self.fetch(Range=f"bytes={start}-{start + 9}")
        self.assert_open_connections(1)

    def test_head_and_304_leave_no_connection_behind(self):
        etag = self.head().headers["ETag"]
        self.assertEqual([each.split()[0] for each in self.proxy.requests], ["HEAD"])
        self.proxy.requests.clear()
        self.assertEqual(self.fetch(**{"If-None-Match": etag}).status_code, 304)
        self.assertEqual(self.proxy.requests, [])
        self.assert_open_connections(1)

    @mute_logger(HTTP_LOG, "werkzeug")
    def test_a_client_that_goes_away_frees_the_connection_to_the_store(self):
        self.proxy.bandwidth = 1_000_000.0
        response = self.begun()
        self.assertEqual(len(next(response.iter_content(1000))), 1000)
        self.assert_open_connections(1)
        response.close()
        # a connection with unread bytes cannot be used again
        self.assert_open_connections(0)
