"""The contract of object stores, and what can only go wrong on a network."""

import hashlib
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import tracemalloc
import warnings
from contextlib import closing, suppress
from pathlib import Path

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import (
    Integrity,
    NotFound,
    Refused,
    StoreError,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.tests.store_contract import (
    PresignContract,
    StoreContract,
)
from odoo.addons.cloud_settings.tests.services import service

from .. import direct
from ..connections import Connections
from ..settings import S3Settings
from ..store import S3Store
from .common import OtherServer, S3SetUp, keys

MIB = 1024 * 1024
PARTS = {"AWS_MULTIPART_THRESHOLD": 5 * MIB, "AWS_MULTIPART_CHUNKSIZE": 5 * MIB}


LOCAL = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


def run_python(code, bucket, first="", **variables):
    """Return what a new process prints that has nothing but these variables."""
    begin = (
        "import sys; bucket, addons, *sys.path = sys.argv[1:]\n"
        "import odoo.addons; odoo.addons.__path__.append(addons)\n"
        "from odoo.addons.attachment_s3.settings import S3Settings\n"
        "from odoo.addons.attachment_s3.store import S3Store\n"
    )
    addons = str(Path(__file__).parents[2])
    answer = subprocess.run(
        [sys.executable, "-c", first + begin + code, bucket, addons, *sys.path],
        env={"HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return answer.stdout.strip()


def sent_by(case, store, headers=None):
    """Return a list that gets the method of each request; ``headers`` gets its headers."""
    sent = []

    def note(method, its_headers):
        sent.append(method)
        if headers is not None:
            headers.append({name.lower(): value for name, value in its_headers.items()})

    session = store._client._endpoint.http_session
    by_client, directly = session.send, Connections.send

    def send_by_client(request):
        note(request.method, request.headers)
        return by_client(request)

    def send_directly(connections, method, target, its_headers, body):
        note(method, its_headers)
        return directly(connections, method, target, its_headers, body)

    case.patch(session, "send", send_by_client)
    case.patch(Connections, "send", send_directly)
    return sent


class S3Contract(S3SetUp, PresignContract, StoreContract):
    """What holds on any S3 server."""

    def setUp(self):
        super().setUp()
        self.store = self.make_store()
        self.missing_container_store = self.make_store(f"{self.bucket}-missing")

    def test_a_wrong_secret_is_refused(self):
        store = S3Store(self.settings_with(AWS_SECRET_ACCESS_KEY="wrong"), self.bucket)
        for use in (store.read, store.exists, lambda key: store.put(key, b"x")):
            with self.assertRaises(Refused):
                use(self.key())
        with self.assertRaises(Refused):
            list(store.list())

    def test_an_unknown_access_key_is_refused(self):
        store = S3Store(self.settings_with(AWS_ACCESS_KEY_ID="nobody"), self.bucket)
        with self.assertRaises(Refused):
            store.read(self.key())

    def test_us_east_1_makes_a_bucket(self):
        store = S3Store(self.settings_with(AWS_REGION="us-east-1"), f"{self.bucket}-new")
        store.create_container()
        self.addCleanup(store._client.delete_bucket, Bucket=store.container)
        with self.assertRaises(NotFound):
            store.read("the bucket is there, the object is not")
        self.assertEqual(list(store.list()), [])

    def test_each_verb_is_one_request(self):
        sent = self.requests_of(self.store)
        self.store.put(self.key(), b"x")
        self.store.read(self.key())
        self.store.head(self.key())
        self.store.delete_many([self.key()])
        self.assertEqual(sent, ["PUT", "GET", "HEAD", "POST"])

    requests_of = sent_by

    def test_plain_requests_go_without_botocores_detours_and_others_with_them(self):
        store = S3Store(self.settings, self.bucket)
        whole = []

        def note(model, **_event):
            whole.append(model.name)

        events = store._client.meta.events
        events.register("before-call.s3", note)
        self.addCleanup(events.unregister, "before-call.s3", note)
        sent = self.requests_of(store)
        store.put(self.key(), b"plain")
        self.assertEqual((store.read(self.key()), store.head(self.key()).size), (b"plain", 5))
        with self.assertRaises(NotFound):
            store.head(self.key("missing"))
        self.assertEqual((sent, whole), (["PUT", "GET", "HEAD", "HEAD"], []))
        store.put(self.key(), bytes(direct.LARGEST + 1))
        checked = S3Store(
            self.settings_with(AWS_RESPONSE_CHECKSUM_VALIDATION="when_supported"), self.bucket
        )
        checked_events = checked._client.meta.events
        checked_events.register("before-call.s3", note)
        checked.head(self.key())
        self.assertEqual(whole, ["PutObject", "HeadObject"])

    def test_what_is_not_plain_is_left_to_botocore(self):
        self.assertTrue(direct._Place(self.settings, self.bucket).is_direct)
        for bucket, variables in (
            (self.bucket, {"AWS_ADDRESSING_STYLE": "virtual"}),
            (self.bucket, {"AWS_ADDRESSING_STYLE": "auto"}),
            (self.bucket, {"AWS_PROXY": "http://proxy.example"}),
            (self.bucket, {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}),
            (self.bucket, {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}),
            ("arn:aws:s3:eu-west-1:1:accesspoint/a", {}),
            ("with space", {}),
        ):
            with self.subTest(bucket=bucket, **variables):
                settings = self.settings_with(**variables)
                self.assertFalse(direct._Place(settings, bucket).is_direct)

    def test_a_bucket_at_another_address_is_left_to_the_client_from_then_on(self):
        store = S3Store(self.settings_with(AWS_MAX_ATTEMPTS="3"), self.bucket)
        store.put(self.key(), b"elsewhere")
        send, answered = Connections.send, []

        def redirect_once(connections, method, *request):
            wait = send(connections, method, *request)

            def redirected():
                answered.append(method)
                answer = wait()
                answer.status = 307
                return answer

            return wait if answered else redirected

        self.patch(Connections, "send", redirect_once)
        direct._place_of._forget()
        self.addCleanup(direct._place_of._forget)
        self.assertEqual(store.read(self.key()), b"elsewhere")
        self.assertEqual(answered, ["GET"])
        self.assertFalse(direct._place_of((store._settings, self.bucket)).is_direct)
        self.assertEqual(store.read(self.key()), b"elsewhere")

    def test_a_large_object_arrives_in_parts_and_whole(self):
        store = S3Store(self.settings_with(**PARTS), self.bucket)
        sent = self.requests_of(store)
        content = os.urandom(5 * MIB * 2 + 12345)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        with tempfile.TemporaryFile() as file:
            file.write(b"skipped" + content)
            file.seek(7)
            store.put(self.key(), file, md5=md5, content_type="image/png")
        self.assertEqual(sent, ["POST", "PUT", "PUT", "PUT", "POST"])
        self.assertEqual(store.read(self.key()), content)
        with store.open(self.key(), 5 * MIB - 2, 4) as reader:
            self.assertEqual(reader.read(), content[5 * MIB - 2 : 5 * MIB + 2])
        answer = store._client.head_object(Bucket=self.bucket, Key=self.key())
        self.assertEqual(answer["ContentType"], "image/png")
        store.put(self.key(), content[::-1])
        self.assertEqual(store.read(self.key()), content[::-1])

    def test_an_upload_in_parts_that_fails_leaves_neither_object_nor_parts(self):
        store = S3Store(self.settings_with(**PARTS), self.bucket)
        with self.assertRaises(Integrity):
            store.put(self.key(), bytes(6 * MIB), md5="00" * 16)
        self.assertFalse(store.exists(self.key()))

        def break_off(params, **_event):
            raise ConnectionResetError("in the middle of an upload")

        events = store._client.meta.events
        events.register("before-call.s3.CompleteMultipartUpload", break_off)
        self.addCleanup(events.unregister, "before-call.s3.CompleteMultipartUpload", break_off)
        with self.assertRaises(Unavailable):
            store.put(self.key(), bytes(6 * MIB))
        self.assertFalse(store.exists(self.key()))
        uploads = store._client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
        self.assertNotIn(self.key(), [upload["Key"] for upload in uploads])

    def test_a_file_is_uploaded_in_bounded_memory(self):
        store = S3Store(self.settings_with(**PARTS), self.bucket)
        with tempfile.TemporaryFile() as file:
            file.truncate(48 * MIB)
            for size in (12 * MIB, 48 * MIB):  # the first loads what is loaded once
                file.seek(48 * MIB - size)
                tracemalloc.start()
                self.addCleanup(tracemalloc.stop)
                store.put(self.key(), file)
                _now, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
        self.assertLess(peak, 20 * MIB)
        self.assertEqual(store.head(self.key()).size, 48 * MIB)

    def test_bulk_deletion_carries_the_checksum_that_every_server_knows(self):
        headers = []

        def note(request, **_event):
            headers.append({name.lower() for name in request.headers})

        events = self.store._client.meta.events
        events.register("before-send.s3.DeleteObjects", note)
        self.addCleanup(events.unregister, "before-send.s3.DeleteObjects", note)
        self.store.delete_many([self.key()])
        self.assertIn("content-md5", headers[0])
        for name in headers[0]:
            self.assertFalse(name.startswith(("x-amz-checksum", "x-amz-sdk-checksum")), name)

    def test_objects_are_stored_as_the_settings_ask(self):
        settings = self.settings_with(
            AWS_SERVER_SIDE_ENCRYPTION="AES256", AWS_STORAGE_CLASS="STANDARD", **PARTS
        )
        store = S3Store(settings, self.bucket)
        sent = []
        methods = self.requests_of(store, headers=sent)
        for size in (1, 6 * MIB):
            with suppress(StoreError):  # not every server encrypts: it is asked to
                store.put(self.key(), bytes(size))
        created = [sent[0], sent[methods.index("POST")]]
        for headers in created:
            self.assertIn(headers["x-amz-server-side-encryption"], ("AES256", b"AES256"))
            self.assertIn(headers["x-amz-storage-class"], ("STANDARD", b"STANDARD"))

    def test_the_bucket_is_in_the_path_or_in_the_host_as_the_settings_say(self):
        for style, host in (("path", ""), ("virtual", f"{self.bucket}.")):
            settings = self.settings_with(
                AWS_HOST="https://s3.example.com", AWS_ADDRESSING_STYLE=style
            )
            url = S3Store(settings, self.bucket).presign("key", 60)
            self.assertTrue(url.startswith(f"https://{host}s3.example.com/"), url)

    def test_threads_share_one_client(self):
        self.store.put(self.key(), b"shared")
        found = []

        def use():
            found.append((self.store.read(self.key()), self.make_store()._client))

        threads = [threading.Thread(target=use) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({content for content, _client in found}, {b"shared"})
        self.assertEqual({client for _content, client in found}, {self.store._client})

    def test_a_forked_process_uses_a_client_of_its_own(self):
        self.store.put(self.key(), b"across a fork")
        parent = self.store._client
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)

        def child():
            sender.send((self.store._client is parent, self.store.read(self.key())))

        process = context.Process(target=child)
        with warnings.catch_warnings():  # Python 3.12 warns of forks beside threads
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        self.assertTrue(receiver.poll(20), "the child reads")
        self.assertEqual(receiver.recv(), (False, b"across a fork"))
        process.join(20)
        self.assertEqual(self.store.read(self.key()), b"across a fork")


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


@tagged("post_install", "-at_install")
class TestOldSwiftS3(OtherServer, S3Contract, BaseCase):
    """A release of Swift that is years old, by its S3 API and HTTPS."""

    server = "old_swift_s3"


@tagged("post_install", "-at_install")
class TestCredentials(S3SetUp, BaseCase):
    """Without keys, the default chain finds them; in a process of its own."""

    def test_a_profile_of_the_environment_is_found(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
            file.write(
                "[attachments]\n"
                f"aws_access_key_id = {self.settings.access_key.get_secret_value()}\n"
                f"aws_secret_access_key = {self.settings.secret_key.get_secret_value()}\n"
            )
            file.flush()
            found = self.run_with(AWS_SHARED_CREDENTIALS_FILE=file.name, AWS_PROFILE="attachments")
        self.assertEqual(found, "NotFound")

    def test_no_credentials_at_all_are_refused(self):
        self.assertEqual(self.run_with(AWS_EC2_METADATA_DISABLED="true"), "Refused")

    def run_with(self, **variables):
        """Return the name of the error of reading a missing object."""
        code = (
            "try: S3Store(S3Settings.read(), bucket).read('never')\n"
            "except Exception as error: print(type(error).__name__)"
        )
        return run_python(code, self.bucket, AWS_HOST=self.settings.endpoint, **variables)


@tagged("post_install", "-at_install")
class TestNoServer(BaseCase):
    """An outage is a typed error, in bounded time; needs no server."""

    def test_a_closed_port_is_unavailable(self):
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
            store = self.store_at(taken.getsockname()[1])
            self.assert_unavailable(store)

    def test_a_server_that_never_answers_is_unavailable_after_the_tries(self):
        # without bounds this would wait for ever
        with closing(socket.create_server(("127.0.0.1", 0))) as silent:
            store = self.store_at(
                silent.getsockname()[1], AWS_READ_TIMEOUT="0.5", AWS_MAX_ATTEMPTS="2"
            )
            self.assert_unavailable(store)
            silent.setblocking(False)
            for _request in range(3 * 2):  # three uses, two tries each
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
        for use in (store.read, store.head, lambda key: store.put(key, b"x")):
            with self.assertRaises(Unavailable):
                use("key")
