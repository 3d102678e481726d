"""The contract of object stores on any S3 server, and the behaviour of S3 alone."""

import hashlib
import os
import tempfile
import threading
from contextlib import suppress
from datetime import timedelta

from odoo.addons.base_attachment_object_storage.store import (
    Integrity,
    NotFound,
    Refused,
    StoreError,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.client import ClientContract
from odoo.addons.base_attachment_object_storage.tests.contracts.store import (
    PresignContract,
    StoreContract,
    in_an_hour,
)

from .. import direct
from ..connections import Connections
from ..store import S3Store
from .common import MIB, PARTS, S3SetUp, sent_by


class S3Contract(S3SetUp, ClientContract, PresignContract, StoreContract):
    """The contract on any S3 server."""

    def setUp(self):
        super().setUp()
        self.store = self.make_store()
        self.missing_container_store = self.make_store(f"{self.bucket}-missing")

    def client(self):
        return self.store._client

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

    def unfinished_upload(self, name):
        """Begin an upload in parts that never ends."""
        target = {"Bucket": self.bucket, "Key": self.key(name)}
        client = self.store._client
        upload = client.create_multipart_upload(**target)["UploadId"]
        client.upload_part(**target, UploadId=upload, PartNumber=1, Body=b"a part")
        # it may have been aborted
        self.addCleanup(self.abort, {**target, "UploadId": upload})

    def abort(self, target):
        with suppress(Exception):
            self.store._client.abort_multipart_upload(**target)

    def test_uploads_that_never_ended_are_found_and_aborted(self):
        for name in ("mine/one", "mine/two", "theirs/one"):
            self.unfinished_upload(name)
        self.store.put(self.key("mine/whole"), b"kept")
        self.assertEqual(self.discard(in_an_hour() - timedelta(hours=3), "mine/"), 0, "young")
        self.assertEqual(self.discard(in_an_hour(), "mine/", dry_run=True), 2)
        self.assertEqual(self.discard(in_an_hour(), "mine/"), 2)
        self.assertEqual(self.discard(in_an_hour(), "mine/"), 0)
        self.assertEqual(self.discard(in_an_hour(), "theirs/"), 1)
        self.assertEqual(self.store.read(self.key("mine/whole")), b"kept")

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

    def test_a_new_object_in_parts_replaces_none(self):
        self.store = S3Store(self.settings_with(**PARTS), self.bucket)
        self.test_a_new_object_replaces_none()

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
        peak = self.peak_of_uploads(store, 12 * MIB, 48 * MIB)
        self.assertLess(peak, 8 * MIB)
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
