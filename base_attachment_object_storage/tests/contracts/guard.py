"""The cost of an unavailable server: requests are counted, not timed."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

from odoo.addons.cloud_base.events.operations import subscribe, unsubscribe
from odoo.addons.cloud_base.resilience import bulkhead

from ... import store_guard
from ...store import NotFound, Refused, Unavailable, priority, threads
from ...store.base import PROBE
from ...store_guard import guard_of
from .fault import ATTEMPTS, CONTENT, TIMEOUT_SECONDS, FaultSetUp, wait_until_closed

PLACES = 3


class GuardContract(FaultSetUp):
    """Mixed in like ``FaultSetUp``."""

    timeout_seconds = TIMEOUT_SECONDS

    def setUp(self):
        super().setUp()
        self.guard = guard_of(self.behind)

    # pylint: disable-next=method-required-super
    def read(self):
        return self.behind.read(self.key("there"))

    def fails(self, count=1):
        for _use in range(count):
            with self.assertRaises(Unavailable):
                self.read()

    def requests(self):
        """Return the requests that reached the server, without requests of the probe."""
        probes = re.compile(rf"HEAD /.*/{PROBE}$")
        return [request for request in self.proxy.requests if not probes.match(request)]

    def test_a_silent_server_gets_no_request_after_the_first_failure(self):
        self.proxy.blackhole()
        self.fails()
        before = self.requests()
        for use in self.verbs().values():
            with self.assertRaises(Unavailable):
                use()
        self.fails(300)
        self.assertEqual(self.requests(), before)
        self.proxy.pass_through()
        wait_until_closed(self, self.behind)
        self.assertEqual(self.read(), CONTENT)

    def test_a_server_that_fails_quickly_gets_no_request_after_some(self):
        self.patch(store_guard, "LONG_SECONDS", 60)
        self.proxy.answer(503)
        self.fails(3)
        before = self.requests()
        self.fails(300)
        self.assertEqual(self.requests(), before)
        self.proxy.pass_through()
        wait_until_closed(self, self.behind)
        self.assertEqual(self.read(), CONTENT)

    def test_an_answer_between_failures_keeps_the_breaker_closed(self):
        self.patch(store_guard, "LONG_SECONDS", 60)
        for _round in range(5):
            self.proxy.answer(503)
            self.fails(2)
            self.proxy.pass_through()
            self.assertEqual(self.read(), CONTENT)
        self.assertFalse(self.guard.breaker.is_open)

    def test_a_refusal_and_a_missing_object_are_no_outage(self):
        for _use in range(10):
            with self.assertRaises(NotFound):
                self.behind.read(self.key("missing"))
        self.proxy.answer(403)
        for _use in range(10):
            with self.assertRaises(Refused):
                self.read()
        self.assertFalse(self.guard.breaker.is_open)

    def test_opening_and_closing_are_counted(self):
        seen = []
        observe = lambda done: seen.append((done.component, done.name, done.backend))  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        self.proxy.refuse()
        self.fails(10)
        self.proxy.pass_through()
        wait_until_closed(self, self.behind)
        for name in ("breaker_opened", "breaker_closed"):
            self.assertEqual(seen.count(("object_store", name, self.behind.backend)), 1)

    def test_another_server_is_used_as_ever(self):
        self.proxy.refuse()
        self.fails(5)
        self.assertIsNot(guard_of(self.store), self.guard)
        self.assertEqual(self.store.read(self.key("there")), CONTENT)

    def test_another_container_is_used_as_ever_unless_the_server_is_silent(self):
        other = type(self.behind)(self.behind._settings, self.other_container)
        self.assertIs(guard_of(other).bulkhead, self.guard.bulkhead)
        self.store_in(self.other_container).create_container()
        self.proxy.answer(503, only=f"/{self.bucket}/")
        self.fails(5)
        self.assertTrue(self.guard.breaker.is_open)
        self.assertFalse(other.exists("missing"))
        self.guard.forget()
        self.proxy.answer(503)
        self.patch(store_guard, "LONG_SECONDS", 0.0)  # as if each failure took long
        self.fails()
        before = self.requests()
        with self.assertRaises(Unavailable):
            other.exists("missing")
        self.assertEqual(self.requests(), before)

    def store_in(self, container):
        return type(self.store)(self.store._settings, container)

    def test_what_one_process_finds_out_all_others_know(self):
        self.guard.bulkhead.report_outage()
        self.addCleanup(self.guard.bulkhead.withdraw_report)
        self.proxy.blackhole()
        before = self.requests()
        self.fails(20)
        self.assertEqual(self.requests(), before)
        self.proxy.pass_through()
        wait_until_closed(self, self.behind)
        self.assertFalse(self.guard.bulkhead.is_outage_reported)

    def test_a_share_of_the_threads_waits_for_a_silent_server(self):
        self.patch(bulkhead, "places_of_this_server", lambda: PLACES)
        before = len(self.requests())
        self.proxy.blackhole()
        with ThreadPoolExecutor(20) as threads:
            uses = [threads.submit(self.fails) for _use in range(60)]
            for use in uses:
                use.result()
        self.assertLessEqual(len(self.requests()) - before, PLACES * ATTEMPTS)

    def test_a_server_that_is_slow_only_serves_all(self):
        self.patch(bulkhead, "places_of_this_server", lambda: PLACES)
        self.proxy.latency = 0.1
        with ThreadPoolExecutor(20) as threads:
            uses = [threads.submit(self.read) for _use in range(40)]
            self.assertEqual({use.result() for use in uses}, {CONTENT})
        self.assertFalse(self.guard.breaker.is_open)

    def test_the_threads_that_work_for_one_request_need_one_place(self):
        self.patch(bulkhead, "places_of_this_server", lambda: 1)
        barrier = threading.Barrier(4, timeout=60)

        def read(_item):
            with self.behind._contact():
                barrier.wait()  # all of them at the same time
            return self.read()

        self.assertEqual(set(threads.each(read, range(4), threads=4)), {CONTENT})

    def test_work_in_the_background_takes_no_place_and_no_thread_of_users(self):
        self.patch(bulkhead, "places_of_this_server", lambda: 1)
        held, go_on = threading.Semaphore(0), threading.Event()
        self.addCleanup(go_on.set)

        def hold(_item):
            with self.behind._contact():
                held.release()
                go_on.wait(60)

        def move():
            with priority.background():
                list(threads.each(hold, range(3 * threads.THREADS)))

        mover = threading.Thread(target=move)
        mover.start()
        for _thread in range(threads.THREADS):
            self.assertTrue(held.acquire(timeout=60))
        keys = [self.key(f"user {number}") for number in range(40)]
        list(threads.each(lambda key: self.behind.put(key, CONTENT), keys))
        self.assertEqual(self.behind.read(keys[-1]), CONTENT)
        self.assertTrue(mover.is_alive())
        go_on.set()
        mover.join()
