from contextlib import nullcontext

from odoo.tests import TransactionCase, tagged

from ..models import ir_attachment_background_move
from ..store import Unavailable
from ..transfer.destinations import StoreDestination
from .attachment_setup import AttachmentSetUp
from .test_attachment import MemorySetUp

COUNT = 450


@tagged("post_install", "-at_install")
class TestBackgroundMove(MemorySetUp, AttachmentSetUp, TransactionCase):
    def setUp(self):
        super().setUp()
        # the attachments of installed modules are not part of the test
        self.env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        self.env.invalidate_all()
        self.set_location("db")
        values = {"name": "a", "mimetype": "application/pdf"}
        self.attachments.create([{**values, "raw": b"%d" % n} for n in range(COUNT)])
        self.set_location(self.scheme)
        self.moves = self.env["ir.attachment.background.move"]
        # another cursor would not see the uncommitted rows of a test
        own = nullcontext(self.env.cr)
        self.patch(self.registry[self.moves._name], "_separate_cursor", lambda records: own)

    def continue_move(self):
        self.env.flush_all()
        self.moves._continue()
        self.env.invalidate_all()

    def test_a_move_runs_to_its_end_and_says_so(self):
        move = self.moves._start()
        self.assertEqual((move.state, move.total, move.location), ("running", COUNT, self.scheme))
        self.continue_move()
        self.assertEqual((move.state, move.moved, move.failed), ("done", COUNT, 0))
        self.assertEqual(self.attachments._plan_move()["files"], 0)

    def test_a_second_start_joins_the_move_that_runs(self):
        self.assertEqual(self.moves._start(), self.moves._start())

    def test_a_move_that_is_stopped_ends_and_a_new_one_goes_on(self):
        move = self.moves._start()
        move._stop()
        self.continue_move()
        self.assertEqual((move.state, move.moved), ("stopped", 0))
        again = self.moves._start()
        self.assertNotEqual(again, move)
        self.continue_move()
        self.assertEqual((again.state, again.moved), ("done", COUNT))

    def test_a_slice_ends_in_time_and_the_next_one_adds_to_it(self):
        self.patch(ir_attachment_background_move, "SLICE_SECONDS", 0)
        move = self.moves._start()
        self.continue_move()
        self.assertEqual((move.state, move.failed), ("running", 0))
        self.assertIn(move.moved, range(1, COUNT))
        while move.state == "running":
            before = move.moved
            self.continue_move()
            self.assertTrue(move.moved > before or move.state == "done")
        self.assertEqual((move.state, move.moved), ("done", COUNT))

    def test_a_store_that_does_not_answer_fails_the_move_and_says_why(self):
        def fail(_destination, _content, _mimetype):
            raise Unavailable("no answer")

        self.patch(StoreDestination, "put", fail)
        self.patch(self.env.cr, "rollback", lambda: None)  # the test's own cursor
        move = self.moves._start()
        with self.assertLogs("odoo.addons.base_attachment_object_storage", "WARNING"):
            self.continue_move()
        self.assertEqual(move.state, "failed")
        self.assertIn("does not answer", move.message)

    def test_no_error_leaves_a_move_running(self):
        self.patch(self.env.cr, "rollback", lambda: None)  # the test's own cursor
        for error in (RuntimeError("unexpected"), MemoryError(), KeyError("of a library")):

            def fail(attachments, error=error, **options):
                raise error

            self.patch(self.registry["ir.attachment"], "_move", fail)
            move = self.moves._start()
            with self.subTest(error):
                with self.assertLogs("odoo.addons.base_attachment_object_storage", "ERROR"):
                    self.continue_move()
                self.assertEqual(move.state, "failed")
                self.assertIn(type(error).__name__, move.message)

    def test_another_location_ends_the_move(self):
        move = self.moves._start()
        self.set_location("db")
        self.continue_move()
        self.assertEqual((move.state, move.moved), ("failed", 0))

    def test_the_scheduled_action_repeats_for_ever(self):
        cron = self.moves._cron()
        self.assertTrue(cron.active)
        if "numbercall" in cron._fields:
            self.assertEqual(cron.numbercall, -1)
