"""The contract of every object store: mixed into each backend's test class."""

import hashlib
import io
import os
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import requests

from odoo.addons.cloud_base.events.operations import subscribe, unsubscribe

from ...store import Conflict, Integrity, NotFound, OutOfRange, Refused

ODD_KEYS = [
    "plain",
    "with spaces and + and %2B",
    "ünïcödé/文件/😀.pdf",
    "a/b..c/d",
    "query?x=1&y=2#fragment",
    "quotes '\" and <tags> & co",
    "trailing space ",
    "k" * 200,
]
# the second size needs several requests if a test configures its store so
SMALL_AND_LARGE = [(b"small", b"x" * 6 * 1024 * 1024)]
# a file name that needs quoting everywhere
DISPOSITION = "attachment; filename*=UTF-8''na%C3%AFve%20%2B%20%E2%82%AC.pdf"
# keys that a server with files for objects may refuse, or list under another name
PATH_TRICKS = ["..", "../outside", "inside/../outside", "./here", "back\\slash"]


class CleanPrefix:
    """Mixed into a test case that sets ``store``: objects of a test are deleted."""

    # of this process only: other processes may test on the same server
    prefix = f"contract/{os.getpid()}/"

    def tearDown(self):
        failures = self.store.delete_many(found.key for found in self.store.list(self.prefix))
        self.assertEqual(failures, {})
        super().tearDown()

    def key(self, name="object"):
        return self.prefix + name


def in_an_hour():
    return datetime.now(timezone.utc) + timedelta(hours=1)


class StoreContract(CleanPrefix):
    """Mixed into a test case that sets ``store`` and ``missing_container_store``.

    ``store`` is empty under ``prefix`` and has its container. It is left empty.
    """

    # Odoo 18.0 and later run inherited tests only with this attribute
    allow_inherited_tests_method = True

    # SeaweedFS creates containers for the key of an administrator
    put_creates_containers = False

    # True if the server supports a condition for new objects, and decides between many writers.
    # Without it, only the writers of one database exclude each other, by a lock
    knows_conditions = True
    decides_between_writers = True

    # the number of objects in one page of a listing
    page_size = 1000

    def test_an_object_reads_as_it_was_put(self):
        content = bytes(range(256)) * 4096
        self.store.put(self.key(), content)
        self.assertEqual(self.store.read(self.key()), content)
        self.assertEqual(self.store.head(self.key()).size, len(content))

    def test_an_empty_object_is_an_object(self):
        self.store.put(self.key(), b"")
        self.assertEqual(self.store.read(self.key()), b"")
        self.assertTrue(self.store.exists(self.key()))

    def test_a_second_put_replaces_the_object(self):
        self.store.put(self.key(), b"first")
        self.store.put(self.key(), b"second")
        self.assertEqual(self.store.read(self.key()), b"second")

    def test_a_new_object_replaces_none(self):
        for look in (True, False)[: 1 + self.knows_conditions]:
            if not look:  # another writer stores between the check and the request
                self.store._require_free = lambda _key: None
            for first, second in (*SMALL_AND_LARGE, *map(reversed, SMALL_AND_LARGE)):
                with self.subTest(look=look, sizes=(len(first), len(second))):
                    key = self.key(f"new {look} {len(first)}")
                    self.store.put_new(key, io.BytesIO(first))
                    for content in (second, io.BytesIO(second), first):
                        with self.assertRaises(Conflict):
                            self.store.put_new(key, content)
                    self.assertEqual(self.store.read(key), first)

    def test_many_writers_of_a_new_object(self):
        def put_new(number):
            try:
                self.store.put_new(self.key(), b"%d" % number)
            except Conflict:
                return None
            return b"%d" % number

        with ThreadPoolExecutor(8) as pool:
            stored = [content for content in pool.map(put_new, range(8)) if content]
        self.assertIn(self.store.read(self.key()), stored)
        if self.decides_between_writers:
            self.assertEqual(len(stored), 1)

    def test_a_key_may_contain_anything(self):
        for name in ODD_KEYS:
            with self.subTest(name):
                self.store.put(self.key(name), name.encode())
                self.assertEqual(self.store.read(self.key(name)), name.encode())
        listed = {found.key for found in self.store.list(self.prefix)}
        self.assertEqual(listed, {self.key(name) for name in ODD_KEYS})

    def test_a_path_trick_is_a_key_or_refused_and_touches_no_other_object(self):
        self.store.put(self.key("outside"), b"untouched")
        self.store.put(self.key("here"), b"untouched")
        for name in PATH_TRICKS:
            with self.subTest(name):
                try:
                    self.store.put(self.key(name), b"trick")
                except Refused:
                    continue
                self.assertEqual(self.store.read(self.key(name)), b"trick")
        self.assertEqual(self.store.read(self.key("outside")), b"untouched")
        self.assertEqual(self.store.read(self.key("here")), b"untouched")

    def test_a_missing_object_is_not_found(self):
        self.assertFalse(self.store.exists(self.key("never")))
        for ask in (self.store.read, self.store.open, self.store.head):
            with self.assertRaises(NotFound):
                ask(self.key("never"))

    def test_a_missing_container_is_refused_and_not_made(self):
        store = self.missing_container_store
        for _attempt in range(2):
            with self.assertRaisesRegex(Refused, store.container):
                list(store.list())
            # some servers do not distinguish a missing object from a missing container
            with self.assertRaises((Refused, NotFound)):
                store.read("object")
            self.assertFalse(self.says_exists(store))

    def test_a_put_into_a_missing_container_is_refused(self):
        if self.put_creates_containers:
            return
        with self.assertRaisesRegex(Refused, self.missing_container_store.container):
            self.missing_container_store.put("object", b"x")

    def says_exists(self, store):
        try:
            return store.exists("object")
        except Refused:
            return False

    def test_bytes_that_arrive_changed_are_refused_and_not_stored(self):
        of_others = hashlib.md5(b"other bytes", usedforsecurity=False).hexdigest()
        with self.assertRaises(Integrity):
            self.store.put(self.key(), b"these bytes", md5=of_others)
        self.assertFalse(self.store.exists(self.key()))

    def test_a_file_is_stored_from_where_it_stands(self):
        for size in (0, 1, 300_000):
            with self.subTest(size), io.BytesIO(b"head" + b"x" * size) as file:
                file.seek(4)
                self.store.put(self.key(), file)
                self.assertEqual(self.store.read(self.key()), b"x" * size)

    def test_a_file_that_is_not_what_its_checksum_says_is_not_stored(self):
        of_others = hashlib.md5(b"other bytes", usedforsecurity=False).hexdigest()
        with self.assertRaises(Integrity), io.BytesIO(b"these bytes") as file:
            self.store.put(self.key(), file, md5=of_others)
        self.assertFalse(self.store.exists(self.key()))

    def test_a_listing_tells_size_and_time(self):
        self.store.put(self.key(), b"12345")
        (listed,) = self.store.list(self.prefix)
        head = self.store.head(self.key())
        for info in (listed, head):
            self.assertEqual((info.key, info.size), (self.key(), 5))
            if info.modified is not None:
                age = datetime.now(timezone.utc) - info.modified
                self.assertLess(abs(age.total_seconds()), 3600)

    def test_two_prefixes_share_a_container(self):
        for owner in ("uuid-1/", "uuid-10/"):
            self.store.put(self.key(owner + "ab/1"), owner.encode())
        self.assertEqual(
            self.store.delete_many(found.key for found in self.store.list(self.key("uuid-1/"))),
            {},
        )
        self.assertEqual(self.store.read(self.key("uuid-10/ab/1")), b"uuid-10/")

    def test_operations_are_told_to_who_counts_them(self):
        seen = []

        def observe(operation):
            if operation.component == "object_store":
                seen.append((operation.name, operation.bytes, operation.error))
                self.assertEqual(operation.backend, self.store.backend)

        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        self.store.put(self.key(), b"12345")
        self.store.read(self.key())
        self.store.open(self.key(), 1, 2).read()
        self.store.exists(self.key("never"))
        list(self.store.list(self.prefix))
        self.store.delete_many([self.key()])
        expected = [("put", 5, None), ("read", 5, None), ("read", 2, None)]
        expected += [("head", 0, "NotFound"), ("list", 0, None), ("delete", 0, None)]
        # a listing may need several requests
        told = [operation for before, operation in pairwise([None, *seen]) if operation != before]
        self.assertEqual(told, expected)

    def test_a_range_gives_the_bytes_asked_for(self):
        self.store.put(self.key(), b"0123456789")
        ranges = [
            ((0, 4), b"0123"),
            ((3, 4), b"3456"),
            ((7, None), b"789"),
            ((7, 100), b"789"),
            ((3, 0), b""),
        ]
        for (start, length), expected in ranges:
            with self.subTest(start=start), self.store.open(self.key(), start, length) as reader:
                self.assertEqual(reader.size, len(expected))
                self.assertEqual(reader.read(), expected)

    def test_a_range_behind_the_end_is_refused(self):
        self.store.put(self.key(), b"0123456789")
        for start, length in ((10, None), (11, 5)):
            with self.assertRaises(OutOfRange):
                self.store.open(self.key(), start, length)

    def test_a_range_of_an_empty_object_is_empty(self):
        self.store.put(self.key(), b"")
        with self.store.open(self.key(), 0, 5) as reader:
            self.assertEqual((reader.size, reader.read()), (0, b""))

    def test_a_large_object_is_read_in_chunks(self):
        content = b"0123456789abcdef" * 4 * 65536
        self.store.put(self.key(), content)
        with self.store.open(self.key()) as reader:
            chunks = list(reader)
        self.assertGreater(len(chunks), 1)
        self.assertLess(max(map(len, chunks)), len(content) // 2)
        self.assertEqual(b"".join(chunks), content)

    def test_a_large_object_is_read_in_bounded_memory(self):
        with tempfile.TemporaryFile() as file:
            file.truncate(16 * 1024 * 1024)
            file.seek(0)
            self.store.put(self.key(), file)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before, _peak = tracemalloc.get_traced_memory()
        with self.store.open(self.key()) as reader:
            self.assertEqual(sum(map(len, reader)), reader.size)
        _now, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak - before, 4 * 1024 * 1024)

    def test_a_reader_may_be_closed_half_way(self):
        self.store.put(self.key(), b"0123456789abcdef" * 65536)
        with self.store.open(self.key()) as reader:
            next(iter(reader))
        self.assertTrue(self.store.exists(self.key()))

    def test_deleting_many_deletes_those_and_no_others(self):
        for name in ("one", "two", "three"):
            self.store.put(self.key(name), b"x")
        failures = self.store.delete_many([self.key("one"), self.key("two"), self.key("never")])
        self.assertEqual(failures, {})
        self.assertEqual(
            [found.key for found in self.store.list(self.prefix)], [self.key("three")]
        )

    def peak_of_uploads(self, store, *sizes):
        """Return the peak of Python's memory, in bytes, during the last upload of a file.

        The first upload also imports modules.
        """
        with tempfile.TemporaryFile() as file:
            file.truncate(max(sizes))
            for size in sizes:
                file.seek(max(sizes) - size)
                tracemalloc.start()
                self.addCleanup(tracemalloc.stop)
                store.put(self.key(), file)
                _now, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
        return peak

    def test_listing_and_deleting_go_beyond_one_page(self):
        names = [self.key(f"{number:04}") for number in range(self.page_size + 5)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda name: self.store.put(name, b""), names))
        self.assertEqual([found.key for found in self.store.list(self.prefix)], names)
        for start in (0, 2, self.page_size - 1, self.page_size, len(names) - 1):
            later = self.store.list(self.prefix, start_after=names[start])
            self.assertEqual([found.key for found in later], names[start + 1 :])
        self.assertEqual(self.store.delete_many(names), {})
        self.assertEqual(list(self.store.list(self.prefix)), [])

    def test_listing_takes_a_prefix(self):
        self.store.put(self.key("a/1"), b"12")
        self.store.put(self.key("b/1"), b"123")
        found = list(self.store.list(self.key("b/")))
        self.assertEqual([(info.key, info.size) for info in found], [(self.key("b/1"), 3)])

    def discard(self, before, folder="", dry_run=False, is_free=True):
        """Remove the uploads that never ended, and return their number."""
        prefix = self.key(folder) if folder else self.prefix
        locks = []

        @contextmanager
        def locked(key):
            locks.append(key)
            yield is_free

        count = self.store.discard_unfinished(prefix, before, locked, dry_run)
        self.assertTrue(all(key.startswith(self.prefix) for key in locks))
        return count

    def test_no_object_is_an_unfinished_upload(self):
        # in a separate folder: other tests of the class leave unfinished uploads
        key = self.key("finished/object")
        self.store.put(key, b"kept")
        self.assertEqual(self.discard(in_an_hour(), "finished/"), 0)
        self.assertEqual(self.store.read(key), b"kept")

    def test_a_container_that_exists_may_be_made_again(self):
        self.store.put(self.key(), b"kept")
        self.store.create_container()
        self.assertEqual(self.store.read(self.key()), b"kept")


class PresignContract:
    """Mixed in together with ``StoreContract`` if the store presigns URLs."""

    allow_inherited_tests_method = True

    # for requests: True, or a file of certificates
    authorities = True

    def presigned(self, key, **options):
        """Return the response to a presigned URL, requested without credentials."""
        url = self.store.presign(key, 60, **options)
        return requests.get(url, timeout=20, verify=self.authorities)

    def test_a_presigned_url_gives_the_object_to_anyone(self):
        for name in ("plain", "a b+c%2B/ünï?x=1#f"):
            self.store.put(self.key(name), b"presigned")
            with self.subTest(name):
                answer = self.presigned(self.key(name))
                self.assertEqual((answer.status_code, answer.content), (200, b"presigned"))

    def test_a_presigned_url_gives_the_stored_type_and_the_disposition_asked_for(self):
        self.store.put(self.key(), b"presigned", content_type="image/png")
        answer = self.presigned(self.key(), disposition=DISPOSITION)
        self.assertEqual(answer.headers["Content-Type"], "image/png")
        disposition = answer.headers["Content-Disposition"]
        self.assertTrue(disposition.startswith("attachment"), disposition)
        self.assertIn("na%C3%AFve%20%2B%20%E2%82%AC.pdf", disposition)

    def test_a_presigned_url_gives_the_type_asked_for_where_the_store_says_so(self):
        self.store.put(self.key(), b"presigned", content_type="image/png")
        answer = self.presigned(self.key(), content_type="text/plain; charset=utf-8")
        expected = {True: "text/plain; charset=utf-8", False: "image/png"}
        self.assertEqual(
            answer.headers["Content-Type"], expected[self.store.presigns_content_type]
        )

    def test_a_changed_or_expired_presigned_url_gives_nothing(self):
        self.store.put(self.key("one"), b"secret content")
        self.store.put(self.key("two"), b"secret content")
        changed = self.store.presign(self.key("one"), 60).replace("one", "two")
        for wrong in (changed, self.store.presign(self.key("one"), -60)):
            answer = requests.get(wrong, timeout=20, verify=self.authorities)
            self.assertIn(answer.status_code, (400, 401, 403))
            self.assertNotIn(b"secret content", answer.content)
