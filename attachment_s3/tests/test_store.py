"""The contract of object stores, and what can only go wrong on a network."""

import socket
import threading
from contextlib import closing

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import NotFound, Refused, Unavailable
from odoo.addons.cloud_base.tests.services import service

from ..settings import S3Settings
from ..store import S3Store
from .common import MIB, OtherServer, keys
from .s3_contract import S3Contract

LOCAL = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@tagged("post_install", "-at_install")
class TestS3Store(S3Contract, BaseCase):
    """The server of the environment: SeaweedFS, in development."""

    put_creates_containers = True

    def test_a_read_only_key_reads_and_is_refused_to_write(self):
        self.store.put(self.key(), b"read only")
        reader = self.make_read_only_store()
        self.assertEqual(reader.read(self.key()), b"read only")
        self.assertEqual([found.key for found in reader.list(self.prefix)], [self.key()])
        for size in (1, 6 * MIB):
            with self.assertRaises(Refused):
                reader.put(self.key("new"), b"x" * size)
        try:
            failure = reader.delete_many([self.key()])[self.key()]
        except Refused as error:
            failure = error  # of the request, not of one key in it
        self.assertIsInstance(failure, Refused)
        self.assertEqual(self.store.read(self.key()), b"read only")

    def test_a_key_that_may_create_no_bucket_takes_the_one_that_is_there(self):
        limited = self.settings_with(**keys(service("s3")["users"]["odoo"]))
        S3Store(limited, self.bucket).create_container()
        with self.assertRaises(Refused):
            S3Store(limited, f"{self.bucket}-missing").create_container()


@tagged("post_install", "-at_install")
class TestSwiftS3(OtherServer, S3Contract, BaseCase):
    """OpenStack Swift, by its S3 API."""

    server = "swift_s3"
    page_size = 100  # max_bucket_listing in dev/services/swift.py
    decides_between_writers = False


@tagged("post_install", "-at_install")
class TestOldSwiftS3(OtherServer, S3Contract, BaseCase):
    """A release of Swift that is years old, by its S3 API and HTTPS."""

    server = "old_swift_s3"
    page_size = 100
    knows_conditions = decides_between_writers = False


USES = (
    lambda store: store.read("key"),
    lambda store: store.head("key"),
    lambda store: store.put("key", b"x"),
)


@tagged("post_install", "-at_install")
class TestNoServer(BaseCase):
    """An outage is a typed error, in bounded time; needs no server."""

    def test_a_closed_port_is_unavailable(self):
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))  # bound, but no server listens
            store = self.store_at(taken.getsockname()[1])
            self.assert_unavailable(store)

    def test_a_server_that_never_answers_is_unavailable_after_the_tries(self):
        # without bounds a request would wait forever
        for use in USES:
            # one server for each use: after three failures the circuit breaker connects too
            with closing(socket.create_server(("127.0.0.1", 0))) as silent:
                port = silent.getsockname()[1]
                store = self.store_at(port, AWS_READ_TIMEOUT="0.5", AWS_MAX_ATTEMPTS="2")
                with self.assertRaises(Unavailable):
                    use(store)
                silent.setblocking(False)
                for _try in range(2):
                    silent.accept()[0].close()
                with self.assertRaises(BlockingIOError):
                    silent.accept()

    def test_a_body_that_is_cut_short_is_unavailable(self):
        head = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "x"\r\n\r\nonly this'
        store = self.store_answering(head)
        with self.assertRaises(Unavailable):
            store.read("key")

    def test_statuses_are_told_apart(self):
        answers = {
            b"500 Internal Server Error": Unavailable,
            b"503 Slow Down": Unavailable,
            b"403 Forbidden": Refused,
            b"404 Not Found": NotFound,
        }
        for status, expected in answers.items():
            with self.subTest(status), self.assertRaises(expected):
                answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
                self.store_answering(answer).read("key")

    def store_at(self, port, **values):
        settings = S3Settings(
            AWS_HOST=f"http://127.0.0.1:{port}", AWS_REGION="us-east-1", **LOCAL, **values
        )
        return S3Store(settings, "bucket")

    def store_answering(self, answer):
        """Return a store whose server gives every request the same answer."""
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def serve():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return self.store_at(server.getsockname()[1], AWS_MAX_ATTEMPTS="1")

    def assert_unavailable(self, store):
        for use in USES:
            with self.assertRaises(Unavailable):
                use(store)
