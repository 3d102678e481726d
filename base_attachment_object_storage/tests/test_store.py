"""The parts that need neither Odoo's ORM nor a server."""

import errno
import io
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import warnings
import xmlrpc.client
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..ownership.keys import check_content, owned_key
from ..settings import StorageSettings
from ..store import (
    ClientPerProcess,
    Integrity,
    NotFound,
    Refused,
    StoreError,
    StoreUri,
    Unavailable,
    delete_singly,
)
from ..store.content import IN_MEMORY, Content
from ..store.testing import DirectoryStore, MemoryStore
from ..transfer.copy import Source, copy_content
from ..transfer.destinations import FilestoreDestination
from ..transfer.report import MoveReport
from ..transfer.rows import Row
from ..upload.placement import PARAMETER, Placement, PlacementError
from ..upload.put import stored_type
from .contracts.store import StoreContract


class Breaking(io.BytesIO):
    """A file on a disk that breaks after the first block."""

    def read(self, size=-1):
        if self.tell():
            raise OSError(errno.EIO, "the disk is broken")
        return super().read(size)


@tagged("post_install", "-at_install")
class TestMemoryStore(StoreContract, BaseCase):
    def setUp(self):
        super().setUp()
        server = {}
        self.store = MemoryStore("container", server)
        self.store.create_container()
        self.missing_container_store = MemoryStore("missing", server)


@tagged("post_install", "-at_install")
class TestDirectoryStore(StoreContract, BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.store = DirectoryStore(self.root, "container")
        self.store.create_container()
        self.missing_container_store = DirectoryStore(self.root, "missing")

    def test_no_name_leads_out_of_the_container(self):
        for name in ("..", "../..", "/etc/passwd", "a/../../../b", "%2e%2e/x", "\x00", "x" * 900):
            with self.subTest(name):
                self.store.put(self.key(name), b"inside")
                self.assertEqual(self.store.read(self.key(name)), b"inside")
                self.assertIn(self.key(name), {found.key for found in self.store.list()})
        self.assertEqual([path.name for path in self.root.iterdir()], ["container"])

    def test_a_key_may_be_the_beginning_of_another(self):
        for name in ("a", "a/b", "a/b/c", "a+", "a=", "a/"):
            self.store.put(self.key(name), name.encode())
        for name in ("a", "a/b", "a/b/c", "a+", "a=", "a/"):
            self.assertEqual(self.store.read(self.key(name)), name.encode())

    def test_a_put_that_fails_half_way_leaves_the_old_object_and_no_file(self):
        self.store.put(self.key(), b"old")

        with self.assertRaises(Unavailable):
            self.store.put(self.key(), Breaking(b"x" * 10**6), md5="00" * 16)
        self.assertEqual(self.store.read(self.key()), b"old")
        files = [path for path in self.root.rglob("*") if path.is_file()]
        self.assertEqual(len(files), 1)

    def test_a_full_disk_is_unavailable_and_leaves_no_file(self):
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)

        def child():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            try:
                self.store.put(self.key(), b"x" * 10_000)
            except StoreError as error:
                sender.send(type(error))

        process = context.Process(target=child)
        with warnings.catch_warnings():  # Python 3.12 warns of forks beside threads
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        self.assertTrue(receiver.poll(20))
        self.assertEqual(receiver.recv(), Unavailable)
        process.join(20)
        self.assertEqual([path for path in self.root.rglob("*") if path.is_file()], [])


@tagged("post_install", "-at_install")
class TestParts(BaseCase):
    def test_a_client_is_made_once_a_process_and_key(self):
        made = []
        clients = ClientPerProcess(lambda key: made.append(key) or object())
        threads = [threading.Thread(target=clients, args=("a",)) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIs(clients("a"), clients("a"))
        clients("b")
        self.assertEqual(made, ["a", "b"])

    def test_deleting_singly_ends_at_the_first_outage(self):
        asked = []

        def delete(key):
            asked.append(key)
            raise {"missing": NotFound, "forbidden": Refused}.get(key, Unavailable)(key)

        self.assertEqual(delete_singly([], delete), {})
        failures = delete_singly(["missing", "forbidden"], delete)
        self.assertEqual([*map(type, failures.values())], [Refused])
        keys = [str(number) for number in range(1000)]
        failures = delete_singly(keys, delete)
        self.assertEqual(list(failures), keys)
        self.assertLess(len(asked), 100)


@tagged("post_install", "-at_install")
class TestStorePackage(BaseCase):
    def test_the_store_package_imports_no_odoo(self):
        addon = str(Path(__file__).parents[1])
        code = (
            f"import sys; sys.path.insert(0, {addon!r}); import store; "
            "sys.exit(any(name.split('.')[0] == 'odoo' for name in sys.modules))"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


@tagged("post_install", "-at_install")
class TestStoreUri(BaseCase):
    def test_any_key_survives_the_name(self):
        for key in ("0123abcd", "uuid/01/0123", "a b+c?d#e%41/é://x", "/lead", ".."):
            uri = StoreUri("s3", "bucket", key)
            self.assertEqual(StoreUri.parse(str(uri)), uri)

    def test_other_schemes_are_names_too(self):
        self.assertEqual(StoreUri.parse("swift://c/k"), StoreUri("swift", "c", "k"))

    def test_what_is_no_name_is_an_error(self):
        for text in (
            "",
            "01/0123abcd",
            "s3://",
            "s3://bucket",
            "s3://bucket/",
            "://b/k",
            "s3:///k",
        ):
            with self.subTest(text), self.assertRaises(ValueError):
                StoreUri.parse(text)


@tagged("post_install", "-at_install")
class TestKeys(BaseCase):
    def test_a_key_names_owner_shard_and_content(self):
        digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
        self.assertEqual(owned_key("uuid", b"x"), f"uuid/2d/{digest}")

    def test_wrong_content_under_an_owned_key_is_an_integrity_error(self):
        with self.assertRaises(Integrity):
            check_content(owned_key("uuid", b"x"), b"y")
        check_content(owned_key("uuid", b"x"), b"x")

    def test_a_flat_key_says_nothing_about_its_content(self):
        check_content("11f6ad8ec52a2984abaafd7c3b516503785c2072", b"anything")


@tagged("post_install", "-at_install")
class TestPlacement(BaseCase):
    def test_by_default_small_images_and_assets_stay(self):
        for text in (None, "", "  "):
            rule = Placement.parse(text)
            self.assertTrue(rule.stays_in_database("image/png", 51200))
            self.assertFalse(rule.stays_in_database("image/png", 51201))
            self.assertTrue(rule.stays_in_database("text/css", 10**9))
            self.assertTrue(rule.stays_in_database("application/javascript", 10**9))
            self.assertFalse(rule.stays_in_database("application/pdf", 1))

    def test_json_and_dict_literals_are_taken(self):
        for text in ('{"text/": 10}', "{'text/': 10}", " {'text/': 10,} "):
            rule = Placement.parse(text)
            self.assertTrue(rule.stays_in_database("text/plain", 10))
            self.assertFalse(rule.stays_in_database("text/plain", 11))
            self.assertFalse(rule.stays_in_database("image/png", 1))

    def test_an_empty_object_keeps_nothing(self):
        self.assertFalse(Placement.parse("{}").stays_in_database("text/css", 1))

    def test_one_matching_prefix_is_enough_in_any_order(self):
        for text in ('{"image/": 10, "image/svg": 0}', '{"image/svg": 0, "image/": 10}'):
            self.assertTrue(Placement.parse(text).stays_in_database("image/svg+xml", 99))

    def test_a_wrong_value_is_an_error_that_names_the_parameter(self):
        wrong = ("[]", "1", "{", "x", '{"image/": "big"}', '{"image/": -1}', '{"image/": true}')
        for text in (*wrong, "{1: 2}", "null", "open('x')", "{[]: 1}"):
            with self.subTest(text), self.assertRaisesRegex(PlacementError, PARAMETER):
                Placement.parse(text)


@tagged("post_install", "-at_install")
class TestSettings(BaseCase):
    def test_the_storage_is_enabled_unless_disabled(self):
        self.assertFalse(StorageSettings(DISABLE_ATTACHMENT_STORAGE="0").disabled)
        self.assertTrue(StorageSettings(DISABLE_ATTACHMENT_STORAGE="1").disabled)

    def test_a_retention_is_a_finite_number_of_days(self):
        for text in ("inf", "-inf", "nan", "Infinity", "-1", "36501", "1e300", "a month"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "RETENTION_DAYS"):
                StorageSettings(ATTACHMENT_RETENTION_DAYS=text)
        for text in ("0", "0.5", "36500"):
            settings = StorageSettings(ATTACHMENT_RETENTION_DAYS=text)
            self.assertEqual(settings.retention_days, float(text))


@tagged("post_install", "-at_install")
class TestCopy(BaseCase):
    X_SHA1 = "11f6ad8ec52a2984abaafd7c3b516503785c2072"

    def setUp(self):
        super().setUp()
        self.uploads = []

    def copy_row(self, content, error=None):
        def read():
            if isinstance(content, Exception):
                raise content
            return Content(content)

        def put(_destination, content, mimetype):
            if error:
                raise error
            self.uploads.append((content.to_bytes(), mimetype))
            return "s3://b/k"

        self.patch(FilestoreDestination, "put", put)
        row = Row(1, "11/" + self.X_SHA1, self.X_SHA1, "text/plain", 1)
        return copy_content(Source((row,), read), FilestoreDestination("/missing"))

    def test_verified_content_is_handed_on(self):
        copied = self.copy_row(b"x")
        self.assertEqual(self.uploads, [(b"x", "text/plain")])
        self.assertEqual((copied.store_fname, copied.size), ("s3://b/k", 1))
        self.assertIsNone(copied.problem)

    def test_what_is_missing_wrong_or_forbidden_is_a_problem_and_not_uploaded(self):
        errors = (NotFound("gone"), Refused("forbidden"), Integrity("other"))
        others = (OSError(), MemoryError(), ValueError("no name"), RuntimeError("of a library"))
        for content in (b"", b"y", *errors, *others):
            with self.subTest(content):
                self.assertTrue(self.copy_row(content).problem)
        self.assertEqual(self.uploads, [])

    def test_a_source_that_does_not_answer_ends_the_move(self):
        with self.assertRaises(Unavailable):
            self.copy_row(Unavailable("no answer"))

    def test_a_target_that_takes_nothing_ends_the_move(self):
        for error in (Unavailable, Refused):
            with self.assertRaises(error):
                self.copy_row(b"x", error("no"))

    def test_a_report_knows_its_rate_and_what_is_left(self):
        report = MoveReport(total=30, moved=10, seconds=5.0)
        self.assertEqual((report.rate, report.seconds_left), (2.0, 10.0))
        self.assertIsNone(MoveReport(total=30).seconds_left)
        self.assertEqual(json.loads(json.dumps(report.as_dict()))["moved"], 10)
        self.assertIn("<int>10</int>", xmlrpc.client.dumps((report.as_dict(),)))
        self.assertIn("seconds_left", xmlrpc.client.dumps((MoveReport().as_dict(),)))


@tagged("post_install", "-at_install")
class TestContent(BaseCase):
    def test_large_content_is_a_file_with_the_same_digests(self):
        data = bytes(IN_MEMORY + 1)
        chunks = [data[:1000], data[1000:]]
        spooled = Content.from_chunks(chunks, len(data))
        self.addCleanup(spooled.close)
        whole = Content(data)
        self.assertNotIsInstance(spooled.source, bytes)
        for name in ("size", "sha256", "sha1", "md5"):
            self.assertEqual(getattr(spooled, name), getattr(whole, name))
        self.assertEqual(spooled.to_bytes(), data)

    def test_large_content_that_the_file_store_has_is_not_written_again(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        data = os.urandom(1024) * (IN_MEMORY // 1024 + 1)
        destination = FilestoreDestination(folder.name)
        name = destination.put(Content(data), "application/pdf")
        path = Path(folder.name, name)
        before = path.stat()
        self.assertEqual(destination.put(Content(data), "application/pdf"), name)
        self.assertEqual((path.stat().st_ino, path.read_bytes()), (before.st_ino, data))

    def test_what_a_browser_would_run_is_stored_as_octets(self):
        for mimetype in ("text/html", "image/svg+xml", "application/xhtml+xml", "x", "", "a b/c"):
            self.assertEqual(stored_type(mimetype), "application/octet-stream")
        for mimetype in ("image/png", "application/pdf", "Text/Plain; charset=utf-8"):
            self.assertEqual(stored_type(mimetype), mimetype.partition(";")[0].lower())
