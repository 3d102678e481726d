"""Tests of the places in which the threads of all processes of a server wait for a service."""

import os
import signal
import threading
import time
import uuid

from odoo.tests import BaseCase, tagged

from ..resilience import bulkhead
from ..resilience.bulkhead import Bulkhead, Full
from ..resilience.shared_memory import REGIONS, SharedMemory
from .new_process import fork, run_python

LONG = 60.0


@tagged("post_install", "-at_install")
class TestBulkhead(BaseCase):
    def setUp(self):
        super().setUp()
        self.patch(bulkhead, "places_of_this_server", lambda: 2)
        self.patch(bulkhead, "SLOW_SECONDS", 0.0)  # every wait is too long
        self.name = uuid.uuid4().hex
        self.places = Bulkhead(self.name)

    def test_as_many_as_there_are_places_wait_and_the_next_fails(self):
        for holder in (1, 2):
            self.assertTrue(self.places.enter(holder))
        with self.assertRaises(Full):
            self.places.enter(3)
        self.places.leave(1)
        self.assertTrue(self.places.enter(3))

    def test_a_holder_needs_one_place_however_often_it_enters(self):
        for _time in range(5):
            self.assertTrue(self.places.enter(1))
        self.assertTrue(self.places.enter(2))
        for _time in range(4):
            self.places.leave(1)
        with self.assertRaises(Full):
            self.places.enter(3)
        self.places.leave(1)
        self.assertTrue(self.places.enter(3))

    def test_a_place_that_is_left_in_time_goes_to_who_waits(self):
        self.patch(bulkhead, "SLOW_SECONDS", LONG)
        for holder in (1, 2):
            self.places.enter(holder)
        entered = []
        waiting = threading.Thread(target=lambda: entered.append(self.places.enter(3)))
        waiting.start()
        self.places.leave(2)
        waiting.join(LONG)
        self.assertEqual(entered, [True])

    def test_large_files_on_their_way_are_no_sign_of_an_outage(self):
        for holder in (1, 2):
            self.places.enter(holder, size=10**9)
        self.assertFalse(self.places.enter(3), "it goes on without a place")

    def test_what_goes_on_in_any_case_waits_for_no_place(self):
        self.patch(bulkhead, "SLOW_SECONDS", LONG)
        for holder in (1, 2):
            self.assertTrue(self.places.take_free(holder))
        self.assertFalse(self.places.take_free(3))
        self.places.leave(2)
        self.assertTrue(self.places.take_free(3))

    def test_another_service_has_places_of_its_own(self):
        for holder in (1, 2):
            self.places.enter(holder)
        self.assertTrue(Bulkhead(uuid.uuid4().hex).enter(3))

    def test_processes_share_the_places_and_a_killed_one_gives_them_back(self):
        reading, writing = os.pipe()

        def hold():
            for holder in (1, 2):
                self.places.enter(holder)
            os.write(writing, b"x")
            time.sleep(LONG)

        child = fork(hold)
        os.read(reading, 1)
        with self.assertRaises(Full):
            self.places.enter(3)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.assertTrue(self.places.enter(3))

    def test_a_report_reaches_other_processes_until_it_is_withdrawn(self):
        self.assertFalse(self.places.is_outage_reported)
        os.waitpid(fork(self.places.report_outage), 0)
        self.assertTrue(self.places.is_outage_reported)
        self.assertFalse(Bulkhead(uuid.uuid4().hex).is_outage_reported)
        os.waitpid(fork(self.places.withdraw_report), 0)
        self.assertFalse(self.places.is_outage_reported)

    def test_a_report_of_a_process_that_is_gone_does_not_hold_for_ever(self):
        self.places.report_outage()
        self.patch(bulkhead, "_REPORT_SECONDS", 0.0)
        self.assertFalse(self.places.is_outage_reported)

    def test_more_services_than_there_is_room_for_have_memory_of_their_own(self):
        memory = SharedMemory()
        regions = [memory.region(str(number)) for number in range(REGIONS + 2)]
        for number, region in enumerate(regions):
            region[bulkhead._REPORT] = float(number)
        again = [memory.region(str(number))[bulkhead._REPORT] for number in range(REGIONS)]
        self.assertEqual(again, [float(number) for number in range(REGIONS)])
        self.assertEqual(regions[-1][bulkhead._REPORT], float(REGIONS + 1))

    def test_the_memory_is_there_once_a_server_has_imported_any_addon_of_the_suite(self):
        code = (
            "import sys; import odoo.addons.cloud_base.events.observers\n"
            "print('odoo.addons.cloud_base.resilience.shared_memory' in sys.modules)"
        )
        self.assertEqual(run_python(code), "True")


@tagged("post_install", "-at_install")
class TestPlaces(BaseCase):
    def test_a_quarter_of_the_workers_and_at_least_one_is_kept_free(self):
        expected = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 8: 6, 16: 12, 200: bulkhead.MOST_PLACES}
        for workers, places in expected.items():
            with self.subTest(workers):
                self.patch(bulkhead, "config", {"workers": workers})
                self.assertEqual(bulkhead.places_of_this_server(), places)
        threads = {"workers": 0, "db_maxconn": 64, "max_cron_threads": 2}
        self.patch(bulkhead, "config", threads)
        self.assertEqual(bulkhead.places_of_this_server(), 24)
