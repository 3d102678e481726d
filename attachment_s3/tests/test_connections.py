"""The connections of plain requests, in front of a real server."""

import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import Unavailable
from odoo.addons.base_attachment_object_storage.store.content import CHUNK_SIZE
from odoo.addons.cloud_base.tests.faults import FaultProxy

from .. import direct
from ..client import client_for
from ..store import S3Store
from .common import S3SetUp


@tagged("post_install", "-at_install")
class TestConnections(S3SetUp, BaseCase):
    def setUp(self):
        super().setUp()
        url = urlsplit(self.settings.endpoint)
        self.proxy = FaultProxy(url.hostname, url.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.store = self.store_with()

    def store_with(self, **variables):
        settings = self.settings_with(AWS_HOST=self.proxy.url, **variables)
        self.addCleanup(direct._place_of._forget)
        return S3Store(settings, self.bucket)

    def methods(self):
        return [request.split()[0] for request in self.proxy.requests]

    def test_a_connection_that_the_server_has_ended_is_replaced(self):
        for number in range(3):
            self.store.put("connections", b"%d" % number)
            self.assertEqual(self.store.read("connections"), b"%d" % number)
            self.proxy.drop_connections()
        # each was sent once: nothing was tried on a connection that had ended
        self.assertEqual(self.methods(), ["PUT", "GET"] * 3)

    def test_connections_serve_all_threads_and_none_two_at_a_time(self):
        contents = [os.urandom(1000) for _number in range(200)]

        def work(number):
            self.store.put(f"connections/{number}", contents[number])
            return self.store.read(f"connections/{number}")

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual([*pool.map(work, range(200))], contents)
        self.assertLessEqual(len(self.proxy._connections), 8)

    def test_a_reader_that_is_closed_early_leaves_no_rest_for_the_next(self):
        content = os.urandom(900_000)
        self.store.put("connections", content)
        with self.store.open("connections") as reader:
            self.assertEqual(next(iter(reader)), content[:CHUNK_SIZE])
        self.assertEqual(self.store.read("connections"), content)
        self.assertEqual(self.methods(), ["PUT", "GET", "GET"])

    def test_an_empty_object_and_an_answer_without_a_body_keep_the_connection(self):
        self.store.put("connections/empty", b"")
        self.assertEqual(self.store.read("connections/empty"), b"")
        self.assertEqual(self.store.head("connections/empty").size, 0)
        self.assertEqual(self.store.read("connections/empty"), b"")
        self.assertEqual(len(self.proxy._connections), 1)

    def test_a_body_that_breaks_off_is_no_content_by_any_way_of_reading(self):
        content = os.urandom(300_000)
        self.store.put("connections", content)
        for after in (0, 1, 150_000):
            self.proxy.cut(after)
            with self.subTest(after=after), self.assertRaises(Unavailable):
                self.store.read("connections")
            with self.assertRaises(Unavailable), self.store.open("connections") as reader:
                for _chunk in reader:
                    pass
        self.proxy.pass_through()
        self.assertEqual(self.store.read("connections"), content)

    def test_what_speaks_no_http_is_unavailable(self):
        self.proxy.answer(200, {"Content-Length": "nonsense"})
        with self.assertRaises(Unavailable):
            self.store.read("connections")

    def test_the_first_use_in_a_process_makes_no_client_of_botocore(self):
        client_for._forget()
        self.store.put("connections", b"at once")
        self.assertEqual(self.store.read("connections"), b"at once")
        self.assertEqual(client_for._clients, {})
