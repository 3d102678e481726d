"""The parts that know neither Odoo's ORM nor a server."""

import errno
import io
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..keys import check_content, owned_key
from ..mover import MoveReport, Place, Row, move_batch
from ..placement import PARAMETER, Placement, PlacementError
from ..settings import StorageSettings
from ..store import (
    ClientPerProcess,
    DirectoryStore,
    Integrity,
    MemoryStore,
    NotFound,
    Refused,
    StoreError,
    StoreUri,
    Unavailable,
    delete_singly,
)
from .store_contract import StoreContract


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

        class Breaking(io.BytesIO):
            def read(self, size=-1):
                if self.tell():
                    raise OSError(errno.EIO, "the disk is broken")
                return super().read(size)

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


@tagged("post_install", "-at_install")
class TestMover(BaseCase):
    X_SHA1 = "11f6ad8ec52a2984abaafd7c3b516503785c2072"

    def setUp(self):
        super().setUp()
        self.report = MoveReport()
        self.uploads = []
        self.swaps = []

    def move(self, read, upload=None, swap=None):
        upload = upload or (lambda content: self.uploads.append(content) or "s3://b/k")
        rows = [Row(1, "11/" + self.X_SHA1, self.X_SHA1, "text/plain", 1)]
        move_batch(
            rows,
            self.report,
            read,
            lambda row, content: Place(upload(content)),
            swap or (lambda row, place: self.swaps.append((row.id, place.store_fname)) or True),
        )

    def test_verified_content_is_uploaded_before_the_row_changes(self):
        self.move(lambda row: b"x")
        self.assertEqual((self.uploads, self.swaps), ([b"x"], [(1, "s3://b/k")]))
        self.assertEqual((self.report.moved, self.report.bytes), (1, 1))

    def test_missing_content_is_reported_and_not_moved(self):
        self.move(lambda row: b"")
        self.assertEqual((self.uploads, self.swaps), ([], []))
        self.assertEqual(self.report.failed, [(1, "the content is missing")])

    def test_wrong_content_is_reported_and_not_moved(self):
        self.move(lambda row: b"y")
        self.assertEqual((self.uploads, self.swaps, len(self.report.failed)), ([], [], 1))

    def test_a_source_that_refuses_is_reported_and_not_moved(self):
        def read(row):
            raise Refused("forbidden")

        self.move(read)
        self.assertEqual(self.report.failed, [(1, "forbidden")])

    def test_a_store_that_takes_nothing_ends_the_move(self):
        for error in (Unavailable, Refused):

            def upload(content, error=error):
                raise error("no")

            with self.assertRaises(error):
                self.move(lambda row: b"x", upload)
        self.assertEqual(self.swaps, [])

    def test_a_row_that_has_changed_meanwhile_is_skipped(self):
        self.move(lambda row: b"x", swap=lambda row, fname: False)
        self.assertEqual((self.report.moved, self.report.skipped), (0, 1))
