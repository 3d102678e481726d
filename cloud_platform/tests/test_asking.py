"""Services that say nothing."""

import threading

from odoo.tests import BaseCase

from ..probes import ask_all


class TestAsking(BaseCase):
    def test_values_and_errors_are_answers(self):
        def fail():
            raise ValueError("no")

        answers = ask_all({"one": lambda: 1, "two": fail}, 60)
        self.assertEqual((answers["one"].in_time, answers["one"].value), (True, 1))
        self.assertIsInstance(answers["two"].error, ValueError)

    def test_one_that_says_nothing_holds_one_thread_however_often_it_is_asked(self):
        goes_on = threading.Event()
        self.addCleanup(goes_on.set)
        calls = []

        def wait_for_ever():
            calls.append(threading.current_thread())
            goes_on.wait(60)
            return "awake"

        for _time in range(3):
            answers = ask_all({"silent": wait_for_ever, "other": lambda: 2}, 0.2, of="a test")
            self.assertFalse(answers["silent"].in_time)
            self.assertEqual(answers["other"].value, 2)
        [thread] = calls
        self.assertTrue(thread.daemon, "no process waits for it")
        threading.Timer(0.2, goes_on.set).start()
        self.assertEqual(
            ask_all({"silent": wait_for_ever}, 60, of="a test")["silent"].value, "awake"
        )
