"""The contract of object stores, and the behaviour of Swift alone."""

import hashlib
import os
import tempfile
import threading
import time
from datetime import timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.base_attachment_object_storage.store import (
    Integrity,
    NotFound,
    Refused,
    Unfinished,
)
from odoo.addons.base_attachment_object_storage.tests.contracts.client import ClientContract
from odoo.addons.base_attachment_object_storage.tests.contracts.store import (
    PresignContract,
    StoreContract,
    in_an_hour,
)
from odoo.addons.cloud_base.tests.services import service

from .. import segments
from ..client import SwiftClient, client_for, quoted
from ..settings import SwiftSettings, swift_settings
from ..store import SwiftStore
from .common import SwiftSetUp

MIB = 1024 * 1024


class SwiftContract(SwiftSetUp, ClientContract, PresignContract, StoreContract):
    """The contract on any Swift server."""

    page_size = 100  # container_listing_limit in dev/services/swift.py
    decides_between_writers = False

    def setUp(self):
        super().setUp()
        self.store = self.make_store()
        self.missing_container_store = self.make_store(f"{self.bucket}-missing")
        self.large = SwiftStore(self.settings_with(SWIFT_SEGMENT_SIZE=MIB), self.bucket)

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.segments_of(self.prefix), [])

    def client(self):
        return client_for(self.settings)

    def segments_of(self, prefix):
        parameters = {"prefix": segments.FOLDER + prefix, "format": "json"}
        found = client_for(self.settings).listed(self.bucket, parameters)
        return [entry["name"] for entry in found]

    def test_a_new_object_in_segments_replaces_none(self):
        self.store = self.large
        self.test_a_new_object_replaces_none()

    def test_a_large_object_arrives_in_segments_and_whole(self):
        content = os.urandom(2 * MIB + 12345)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        with tempfile.TemporaryFile() as file:
            file.write(b"skipped" + content)
            file.seek(7)
            self.large.put(self.key(), file, md5=md5, content_type="image/png")
        self.assertEqual(len(self.segments_of(self.key())), 3)
        self.assertEqual(next(self.store.list(self.prefix)).key, self.key())
        self.assertEqual(self.store.read(self.key()), content)
        self.assertEqual(self.store.head(self.key()).size, len(content))
        with self.store.open(self.key(), MIB - 2, 4) as reader:
            self.assertEqual(reader.read(), content[MIB - 2 : MIB + 2])
        answer = self.presigned(self.key())
        self.assertEqual(answer.content, content)
        self.assertEqual(answer.headers["Content-Type"], "image/png")

    def test_the_same_large_content_again_takes_no_more_room(self):
        content = os.urandom(2 * MIB)
        for _time in range(2):
            self.large.put(self.key(), content)
        self.assertEqual(len(self.segments_of(self.key())), 2)
        self.assertEqual(self.store.read(self.key()), content)

    def test_deleting_a_large_object_deletes_its_segments_and_no_others(self):
        self.large.put(self.key("one"), os.urandom(2 * MIB))
        self.large.put(self.key("one/and"), os.urandom(2 * MIB))
        self.large.put(self.key("two"), os.urandom(2 * MIB))
        self.assertEqual(self.store.delete_many([self.key("one"), self.key("never")]), {})
        left = {name.rsplit("/", 3)[0] for name in self.segments_of(self.prefix)}
        self.assertEqual(
            left, {segments.FOLDER + self.key("one/and"), segments.FOLDER + self.key("two")}
        )
        self.assertEqual(len(self.store.read(self.key("two"))), 2 * MIB)

    def test_a_large_object_that_is_not_what_its_checksum_says_is_not_stored(self):
        with self.assertRaises(Integrity):
            self.large.put(self.key(), bytes(2 * MIB), md5="00" * 16)
        self.assertFalse(self.store.exists(self.key()))

    def test_one_request_deletes_a_limited_number_of_segments(self):
        content = os.urandom(5 * MIB)
        self.large.put(self.key("large"), content)
        self.store.put(self.key("small"), b"small")
        self.patch(SwiftStore, "delete_limit", 2)
        sent = []
        request = SwiftClient.request

        def counted(client, method, path, **options):
            if "bulk-delete" in path:
                sent.append(options["data"].count(b"\n") + 1)
            return request(client, method, path, **options)

        self.patch(SwiftClient, "request", counted)
        keys = [self.key("large"), self.key("small")]
        for left in (3, 1):
            self.assertIsInstance(self.store.delete_many(keys)[keys[0]], Unfinished)
            self.assertEqual(len(self.segments_of(self.prefix)), left)
            self.assertFalse(self.store.exists(keys[0]))
        self.assertEqual(self.store.delete_many(keys), {})
        self.assertEqual(sent, [2, 2, 2, 2, 2, 1])

    def test_segments_without_their_object_are_found_and_deleted(self):
        for name in ("whole", "killed", "again"):
            self.large.put(self.key(name), os.urandom(3 * MIB))
        client = self.client()
        for name in ("killed", "again"):  # as if the manifest had never been sent
            client.request(
                "DELETE", quoted(self.bucket, self.key(name)) + "?multipart-manifest=get"
            )
        self.assertEqual(self.discard(in_an_hour() - timedelta(hours=3)), 0, "they are young")
        self.assertEqual(self.discard(in_an_hour(), is_free=False), 0, "somebody stores them")
        self.assertEqual(self.discard(in_an_hour(), dry_run=True), 2)
        self.assertEqual(len(self.segments_of(self.prefix)), 9)
        self.patch(SwiftStore, "delete_limit", 2)  # two requests, and two locks, for each
        self.assertEqual(self.discard(in_an_hour()), 2)
        self.patch(SwiftStore, "delete_limit", 100)
        self.assertEqual(len(self.segments_of(self.prefix)), 3)
        self.assertEqual(len(self.store.read(self.key("whole"))), 3 * MIB)
        self.assertEqual(self.discard(in_an_hour()), 0)

    def test_no_object_takes_the_place_of_a_segment(self):
        with self.assertRaisesRegex(Refused, "segment"):
            self.store.put(f".segments/{self.key()}/0/1/00000000", b"forged")

    def test_segments_are_in_no_listing(self):
        self.large.put(self.key(), bytes(2 * MIB))
        self.assertEqual([found.key for found in self.store.list(self.prefix)], [self.key()])
        listed = {found.key for found in self.store.list()}
        self.assertFalse([key for key in listed if key.startswith(segments.FOLDER)])

    def test_a_file_is_uploaded_in_bounded_memory(self):
        store = SwiftStore(self.settings_with(SWIFT_SEGMENT_SIZE=8 * MIB), self.bucket)
        peak = self.peak_of_uploads(store, 8 * MIB, 32 * MIB)
        self.assertLess(peak, 4 * MIB)
        self.assertEqual(self.store.head(self.key()).size, 32 * MIB)

    def test_without_a_key_nothing_is_presigned(self):
        store = SwiftStore(self.settings_with(SWIFT_TEMP_URL_KEY=None), self.bucket)
        self.assertIsNone(store.presign(self.key(), 60))

    def test_a_presigned_url_may_be_shown_inline(self):
        self.store.put(self.key(), b"x")
        answer = self.presigned(self.key(), disposition='inline; filename="a b.pdf"')
        self.assertTrue(answer.headers["Content-Disposition"].startswith("inline"))

    def test_a_wrong_password_is_refused(self):
        store = SwiftStore(self.settings_with(SWIFT_PASSWORD="wrong"), self.bucket)
        for use in (store.read, store.exists, lambda key: store.put(key, b"x")):
            with self.assertRaises(Refused) as caught:
                use(self.key())
            self.assertNotIn("wrong", str(caught.exception))

    def test_a_token_that_is_not_taken_any_more_is_renewed(self):
        self.store.put(self.key(), b"x")
        for use in (
            lambda: self.store.read(self.key()),
            lambda: self.store.put(self.key("new"), b"x"),
            lambda: self.assertEqual(self.store.delete_many([self.key("new")]), {}),
            lambda: list(self.store.list(self.prefix)),
        ):
            client = client_for(self.settings)
            client._session.auth.get_access(client._session)
            self.spoil_token(client._session.auth)
            use()
        self.assertFalse(self.store.exists(self.key("new")))

    def spoil_token(self, auth):
        access = auth.auth_ref
        if hasattr(access, "_auth_token"):
            access._auth_token = "of yesterday"
        else:
            access.auth_token = "of yesterday"

    def test_each_verb_is_one_request(self):
        sent = []
        session = client_for(self.settings)._session.session

        def note(answer, **_options):
            sent.append(answer.request.method)

        session.hooks["response"].append(note)
        self.addCleanup(session.hooks["response"].remove, note)
        self.store.put(self.key(), b"x")
        self.store.read(self.key())
        self.store.head(self.key())
        self.store.presign(self.key(), 60)
        self.assertEqual(sent, ["PUT", "GET", "HEAD"])
        self.store.delete_many([self.key()])
        self.assertEqual(sent[3:], ["GET", "POST"])  # segments, objects

    def test_threads_share_one_login(self):
        settings = self.settings_with(SWIFT_CONNECT_TIMEOUT=4.5)  # a separate client
        self.store.put(self.key(), b"shared")
        logins = []
        session = client_for(settings)._session.session

        def note(answer, **_options):
            logins.extend([answer.url] if "auth" in answer.url.rpartition("/")[0] else [])

        session.hooks["response"].append(note)
        found = []

        def use():
            found.append(SwiftStore(settings, self.bucket).read(self.key()))

        threads = [threading.Thread(target=use) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [b"shared"] * 8)
        self.assertEqual(len(logins), 1)


@tagged("post_install", "-at_install")
class TestSwift(SwiftContract, BaseCase):
    """The Swift server of the environment, with Keystone."""

    def test_a_missing_region_is_refused_and_named(self):
        store = SwiftStore(self.settings_with(SWIFT_REGION_NAME="Nowhere"), self.bucket)
        with self.assertRaisesRegex(Refused, "SWIFT_REGION_NAME"):
            store.read(self.key())

    def test_another_domain_is_refused(self):
        store = SwiftStore(self.settings_with(SWIFT_USER_DOMAIN_NAME="Nowhere"), self.bucket)
        with self.assertRaises(Refused):
            store.read(self.key())
        named = self.settings_with(
            SWIFT_USER_DOMAIN_NAME="Default", SWIFT_PROJECT_DOMAIN_NAME="Default"
        )
        with self.assertRaises(NotFound):
            SwiftStore(named, self.bucket).read(self.key())

    def test_a_read_only_user_reads_and_is_refused_to_write(self):
        self.store.put(self.key(), b"read only")
        reader = self.make_read_only_store()
        self.assertEqual(reader.read(self.key()), b"read only")
        self.assertEqual([found.key for found in reader.list(self.prefix)], [self.key()])
        with self.assertRaises(Refused):
            reader.put(self.key("new"), b"x")
        failures = reader.delete_many([self.key()])
        self.assertIsInstance(failures[self.key()], Refused)
        self.assertEqual(self.store.read(self.key()), b"read only")
        reader.create_container()  # it is there
        with self.assertRaises(Refused):
            SwiftStore(reader._settings, f"{self.bucket}-missing").create_container()

    def test_a_token_that_expires_is_renewed(self):
        server = service("swift")
        settings = self.settings_with(SWIFT_AUTH_URL=server["short_lived_auth_url"])
        store = SwiftStore(settings, self.bucket)
        store.put(self.key(), b"x")
        first = client_for(settings)._session.get_token()
        time.sleep(server["short_life_seconds"] + 1)
        self.assertEqual(store.read(self.key()), b"x")
        self.assertNotEqual(client_for(settings)._session.get_token(), first)


@tagged("post_install", "-at_install")
class TestOldSwift(SwiftContract, BaseCase):
    """A release of Swift that is years old, with its own login and HTTPS."""

    def environment(self):
        server = service("old_swift")
        return SwiftSettings(
            SWIFT_AUTH_URL=server["auth_url"],
            SWIFT_ACCOUNT=server["user"],
            SWIFT_PASSWORD=server["password"],
            SWIFT_CACERT=server["ca"],
            SWIFT_WRITE_CONTAINER=swift_settings().container or "attachments",
        )


@tagged("post_install", "-at_install")
class TestNoSettings(BaseCase):
    def test_a_client_without_an_address_is_refused_and_names_the_variables(self):
        with self.assertRaisesRegex(Refused, "SWIFT_AUTH_URL.*SWIFT_ACCOUNT"):
            SwiftClient(SwiftSettings(SWIFT_WRITE_CONTAINER="x"))
