"""Failures of a store's server, or of the network: for every object store."""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

from odoo.tools import mute_logger

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ...store import NotFound, Refused, StoreError, Unavailable
from ...store_guard import guard_of

MIB = 1024 * 1024
LARGE = 11 * MIB  # three parts
CONTENT = b"0123456789" * 10_000
SMALL = 100_000
# of the stores behind a proxy: of a silent server, and of a server that is only slow
TIMEOUT_SECONDS = 3
PATIENT_SECONDS = 30
ATTEMPTS = 2
# the attempts of the longest call, a last clean-up, and a busy machine
BOUND_SECONDS = (ATTEMPTS + 1) * TIMEOUT_SECONDS + 20


def outcome(use):
    """Return the error of ``use`` and the seconds that it took."""
    began = time.monotonic()
    try:
        use()
    except StoreError as error:
        return error, time.monotonic() - began
    return None, time.monotonic() - began


def wait_until_closed(case, store):
    """Wait until the circuit breaker of a store is closed again."""
    deadline = time.monotonic() + BOUND_SECONDS
    while guard_of(store).breaker.is_open:
        case.assertLess(time.monotonic(), deadline, "the breaker stays open")
        time.sleep(0.01)


class FaultSetUp:
    """Mixed into a test case before ``CleanPrefix``.

    Its ``prepare()`` sets ``store``, which reaches the server, and ``server_url``; its
    ``make_store_behind(proxy)`` returns a store of the same container that goes through the proxy,
    has a timeout of ``timeout_seconds``, makes ``ATTEMPTS`` attempts, and uploads content above
    5 MiB in parts of 5 MiB.
    """

    allow_inherited_tests_method = True

    # loggers that report each attempt
    loud = ()
    # headers that show that a response is from the server
    own_headers = {}
    timeout_seconds = PATIENT_SECONDS

    def setUp(self):
        super().setUp()
        self.prepare()
        address = urlsplit(self.server_url)
        self.proxy = FaultProxy(address.hostname, address.port)
        entered = ExitStack()
        self.addCleanup(entered.close)
        entered.enter_context(self.proxy)
        if self.loud:
            entered.enter_context(mute_logger(*self.loud))
        self.behind = self.make_store_behind(self.proxy)
        self.store.put(self.key("there"), CONTENT)
        self.store.put(self.key("doomed"), b"to be deleted")
        self.assertEqual(self.behind.head(self.key("there")).size, len(CONTENT))  # logged in

    def verbs(self):
        """Return each use of a store, by name."""
        store, there = self.behind, self.key("there")
        return {
            "read": lambda: store.read(there),
            "open": lambda: store.open(there, 10, 20).read(),
            "head": lambda: store.head(there),
            "exists": lambda: store.exists(there),
            "put": lambda: store.put(self.key("small"), bytes(SMALL)),
            "put in parts": lambda: store.put(self.key("large"), bytes(LARGE)),
            "list": lambda: list(store.list(self.prefix)),
            "delete": lambda: self.delete(self.key("doomed")),
        }

    def delete(self, key):
        """Delete an object; an error of this object alone is raised as well."""
        for error in self.behind.delete_many([key]).values():
            raise error

    def assert_each_fails(self, expected):
        """Check the error of each verb; they run in parallel, because each one waits."""
        verbs = self.verbs()
        with ThreadPoolExecutor(len(verbs)) as threads:
            for name, (error, seconds) in zip(
                verbs, threads.map(outcome, verbs.values()), strict=True
            ):
                with self.subTest(name):
                    self.assertIsInstance(error, expected)
                    self.assert_no_secret(error)
                    self.assertLess(seconds, BOUND_SECONDS)
        self.proxy.pass_through()
        self.assert_nothing_lost()

    def assert_no_secret(self, error):
        for secret in self.secrets:
            self.assertNotIn(secret, str(error))

    def assert_nothing_lost(self):
        self.assertEqual(self.store.read(self.key("there")), CONTENT)
        # the response may be lost after the object has arrived: then the object is complete
        listed = {found.key: found.size for found in self.store.list(self.prefix)}
        self.assertIn(listed.get(self.key("small")), (None, SMALL))
        self.assertIn(listed.get(self.key("large")), (None, LARGE))

    def assert_nothing_stored(self):
        for name in ("small", "large"):
            self.assertFalse(self.store.exists(self.key(name)))


class FaultContract(FaultSetUp):
    """The result of each verb; mixed in like ``FaultSetUp``."""

    def test_a_refused_connection_is_unavailable(self):
        self.proxy.refuse()
        self.assert_each_fails(Unavailable)

    def test_a_server_that_accepts_and_never_answers_is_unavailable_in_bounded_time(self):
        self.timeout_seconds = TIMEOUT_SECONDS
        self.behind = self.make_store_behind(self.proxy)
        self.proxy.blackhole()
        self.assert_each_fails(Unavailable)

    def test_a_connection_that_is_reset_is_unavailable(self):
        self.proxy.reset()
        self.assert_each_fails(Unavailable)

    def test_a_body_that_is_cut_is_unavailable_and_never_a_shorter_file(self):
        for after in (0, 1, 50_000):
            self.proxy.cut(after=after)
            with self.subTest(after), self.assertRaises(Unavailable):
                self.behind.read(self.key("there"))
            with self.subTest(after), self.assertRaises(Unavailable):
                list(self.behind.open(self.key("there")))

    def test_an_answer_that_is_none_of_this_protocol_is_an_error(self):
        self.proxy.corrupt()
        with self.assertRaises(Unavailable):
            list(self.behind.list(self.prefix))
        self.proxy.answer(200, body=b"<html>Welcome to this network: log in</html>")
        self.assert_each_fails(Unavailable)
        self.assert_nothing_stored()

    def test_statuses_that_a_second_try_may_change_are_unavailable(self):
        for status in (500, 503):
            self.proxy.answer(status)
            with self.subTest(status):
                self.assert_each_fails(Unavailable)
                self.assert_nothing_stored()

    def test_a_full_disk_is_unavailable_and_stores_nothing(self):
        self.proxy.answer(507)
        self.assert_each_fails(Unavailable)
        self.assert_nothing_stored()

    def test_forbidden_is_refused(self):
        self.proxy.answer(403)
        self.assert_each_fails(Refused)
        self.assert_nothing_stored()

    def test_not_found_is_a_missing_object_only_to_who_asks_for_one(self):
        self.proxy.answer(404, headers=self.own_headers)
        for name in ("read", "open", "head"):
            with self.subTest(name), self.assertRaises(NotFound):
                self.verbs()[name]()
        for name in ("put", "put in parts", "list"):
            with self.subTest(name), self.assertRaisesRegex(Refused, self.store.container):
                self.verbs()[name]()

    def test_a_failure_that_passes_is_not_noticed(self):
        for status in (500, 503):
            for name, use in self.verbs().items():
                self.proxy.answer(status, times=1)
                with self.subTest(name, status=status):
                    use()

    def test_a_file_is_sent_again_from_where_it_stood(self):
        for size in (SMALL, LARGE):
            with self.subTest(size), tempfile.TemporaryFile() as file:
                content = os.urandom(size)
                file.write(b"skipped" + content)
                file.seek(7)
                self.proxy.answer(503, times=1, only="PUT")
                self.behind.put(self.key("large"), file)
                self.assertEqual(self.store.read(self.key("large")), content)

    def test_an_upload_in_parts_that_breaks_off_leaves_no_object(self):
        self.proxy.reset(only=self.a_part)
        with self.assertRaises(Unavailable):
            self.behind.put(self.key("large"), bytes(LARGE))
        self.proxy.pass_through()
        self.assert_nothing_stored()
        self.behind.put(self.key("large"), bytes(LARGE))
        self.assertEqual(self.store.read(self.key("large")), bytes(LARGE))

    def test_the_store_recovers_with_its_server(self):
        self.proxy.refuse()
        with self.assertRaises(Unavailable):
            self.behind.read(self.key("there"))
        self.proxy.pass_through()
        self.assertEqual(self.behind.read(self.key("there")), CONTENT)

    def test_requests_share_a_connection_and_no_thread_waits_for_another(self):
        for _time in range(5):
            self.behind.read(self.key("there"))
        self.assertEqual(len(self.proxy._connections), 1)
        self.proxy.blackhole()
        with ThreadPoolExecutor(4) as threads:
            uses = [threads.submit(outcome, self.verbs()["read"]) for _thread in range(4)]
            deadline = time.monotonic() + BOUND_SECONDS
            at_once = 0
            while at_once < 4 and time.monotonic() < deadline:
                at_once = max(at_once, len(self.proxy._connections))
                time.sleep(0.01)
            self.proxy.pass_through()
            for use in uses:
                use.result()
        self.assertEqual(at_once, 4)
