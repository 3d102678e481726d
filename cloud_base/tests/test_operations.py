from odoo.tests import BaseCase

from ..events.operations import Operation, count, subscribe, unsubscribe


class TestOperations(BaseCase):
    def setUp(self):
        super().setUp()
        self.told = []
        self.observe = self.told.append

    def subscribe(self, observer):
        subscribe(observer)
        self.addCleanup(unsubscribe, observer)

    def test_an_operation_is_told_with_its_duration_and_size(self):
        self.subscribe(self.observe)
        with Operation("object_store", "read", backend="s3") as operation:
            operation.bytes = 7
        self.assertEqual(self.told, [operation])
        self.assertGreaterEqual(operation.seconds, 0)
        self.assertEqual((operation.bytes, operation.error), (7, None))

    def test_an_error_is_told_by_its_class_and_goes_on(self):
        self.subscribe(self.observe)
        with self.assertRaises(KeyError), Operation("object_store", "read"):
            raise KeyError("secret")
        self.assertEqual([operation.error for operation in self.told], ["KeyError"])

    def test_an_event_has_no_duration(self):
        self.subscribe(self.observe)
        count("session_store", "rotation_postponed")
        [event] = self.told
        self.assertEqual((event.name, event.seconds), ("rotation_postponed", None))

    def test_nobody_is_told_twice_or_after_the_end(self):
        subscribe(self.observe)
        subscribe(self.observe)
        count("session_store", "first")
        unsubscribe(self.observe)
        count("session_store", "second")
        self.assertEqual([event.name for event in self.told], ["first"])

    def test_an_observer_that_raises_disturbs_nobody_and_is_reported_once(self):
        def fails(_operation):
            raise ValueError("broken sink")

        self.subscribe(fails)
        self.subscribe(self.observe)
        with self.assertLogs("odoo.addons.cloud_base.events.operations", "WARNING") as logs:
            count("session_store", "first")
            count("session_store", "second")
        self.assertEqual(len(logs.output), 1)
        self.assertEqual([event.name for event in self.told], ["first", "second"])
