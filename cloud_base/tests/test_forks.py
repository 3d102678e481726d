"""A process can use a lock that another thread held during the fork."""

import logging
import os
import signal
import threading
import uuid

from odoo.tests import BaseCase, tagged

from ..resilience.bulkhead import Bulkhead
from ..resilience.circuit_breaker import CircuitBreaker
from ..resilience.shared_memory import SharedMemory
from .new_process import fork

LONGEST_SECONDS = 30


def run_in_child(work):
    """Return the exit status of a child that does some work, or is killed if it hangs."""

    def limited():
        signal.alarm(LONGEST_SECONDS)
        work()

    _child, status = os.waitpid(fork(limited), 0)
    return os.waitstatus_to_exitcode(status)


def circuit_breaker(probe=lambda: True):
    logger = logging.getLogger(__name__)
    return CircuitBreaker(probe, "object_store", "memory", "The store", "probe", logger)


@tagged("post_install", "-at_install")
class TestForks(BaseCase):
    def run_with_lock_held(self, lock, work):
        with lock:
            return run_in_child(work)

    def test_child_takes_a_place_though_the_bulkhead_was_locked(self):
        places = Bulkhead(uuid.uuid4().hex)

        def wait_in_a_place():
            if places.enter(1):
                places.leave(1)

        self.assertEqual(self.run_with_lock_held(places._lock, wait_in_a_place), 0)
        self.assertTrue(places.enter(1))

    def test_child_opens_a_circuit_breaker_that_was_locked(self):
        breaker = circuit_breaker()
        self.assertEqual(self.run_with_lock_held(breaker._lock, breaker.open), 0)
        self.assertFalse(breaker.is_open)

    def test_child_names_a_region_though_the_memory_was_locked(self):
        memory = SharedMemory()
        name_a_region = lambda: memory.region("service")  # noqa: E731
        self.assertEqual(self.run_with_lock_held(memory._lock, name_a_region), 0)

    def test_open_circuit_breaker_is_closed_in_a_child_and_open_in_its_parent(self):
        may_end = threading.Event()
        self.addCleanup(may_end.set)
        breaker = circuit_breaker(probe=may_end.wait)
        breaker.open()

        def check():
            assert not breaker.is_open

        self.assertEqual(run_in_child(check), 0)
        self.assertTrue(breaker.is_open)
