"""New content while the store is unavailable: it waits in the database, then moves.

Mixed in by each backend addon and by the stores without a server.
"""
# pylint: disable=invalid-commit

from contextlib import ExitStack, suppress

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from odoo.addons.cloud_base.events.operations import subscribe, unsubscribe

from ...ownership.owner import NOBODY, PARAMETER as OWNER_PARAMETER
from ...store import ObjectStore, Refused, Unavailable
from ..attachment_setup import LOG, AttachmentSetUp
from .commit import VALUES, CommitSetUp

SPILL_LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment_spill"
MB = 1024 * 1024


class SpillSetUp(AttachmentSetUp):
    """Set-up of the tests of spilled content: the store may become unavailable."""

    def setUp(self):
        super().setUp()
        self.forget_what_was_seen()
        self.change_storage_settings(ATTACHMENT_SPILL_MAX_MB=1, ATTACHMENT_SPILL_TOTAL_MB=2)
        self.spills = self.env["ir.attachment.spill"]
        muted = ExitStack()
        muted.enter_context(mute_logger(LOG, SPILL_LOG))
        self.addCleanup(muted.close)

    def take_away(self, error=Unavailable, only=b""):
        """Make the store fail until ``give_back()``, for content that begins with ``only``."""
        put = ObjectStore.put

        def failing(store, key, content, *args, **kwargs):
            if getattr(content, "source", content)[: len(only)] == only:
                raise error("no answer")
            put(store, key, content, *args, **kwargs)

        self.patch(ObjectStore, "put", failing)
        self.patch(ObjectStore, "begin_put", lambda *_args: None)
        self.put = put

    def give_back(self):
        self.patch(ObjectStore, "put", self.put)

    def waiting(self):
        """Return the ids of the attachments that wait."""
        self.env.cr.execute("SELECT attachment_id FROM ir_attachment_spill ORDER BY 1")
        return [number for (number,) in self.env.cr.fetchall()]

    def assert_spilled(self, attachment, raw):
        self.env.invalidate_all()
        self.assertFalse(attachment.store_fname)
        self.assertEqual(attachment.raw, raw)
        self.assertEqual(attachment.file_size, len(raw))
        self.assertIn(attachment.id, self.waiting())

    def triggers(self):
        cron = self.env["ir.attachment.background.move"]._cron()
        return self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron.id)])


class SpillContract(SpillSetUp):
    """Mixed into a test case like ``AttachmentSetUp``."""

    def test_new_content_waits_in_the_database_and_returns(self):
        before = self.triggers()
        self.take_away()
        attachment = self.new(b"mail")
        self.assert_spilled(attachment, b"mail")
        self.assertEqual(self.spills._figures(), {"files": 1, "bytes": 4})
        self.assertEqual(self.triggers(), before + 1)
        self.give_back()
        self.spills._return()
        self.env.invalidate_all()
        self.assertTrue(attachment.store_fname.startswith(f"{self.scheme}://"))
        self.assertEqual(self.read_object(attachment), b"mail")
        self.assertFalse(attachment.db_datas)
        self.assertEqual(self.waiting(), [])

    def test_a_client_s_context_keeps_no_content_from_being_noted(self):
        self.take_away()
        client = self.attachments.with_user(self.env.ref("base.user_admin"))
        attachment = client.with_context(spilled_only=True).create({**VALUES, "raw": b"mail"})
        self.assert_spilled(attachment, b"mail")

    def test_a_write_spills_and_marks_what_it_replaces(self):
        attachment = self.new(b"old")
        fname = attachment.store_fname
        self.take_away()
        attachment.write({"raw": b"new"})
        self.assert_spilled(attachment, b"new")
        self.assertEqual(self.marks(fname), 1)
        attachment.write({"raw": b"newer"})
        self.assert_spilled(attachment, b"newer")
        self.assertEqual(len(self.waiting()), 1)

    def test_of_many_those_spill_whose_upload_failed(self):
        self.take_away(only=b"bad")
        contents = [b"good 1", b"bad 2", b"good 3", b"bad 4" + b"x" * 100_000, b"good 5"]
        attachments = self.attachments.create([{**VALUES, "raw": raw} for raw in contents])
        self.env.invalidate_all()
        self.assertEqual(attachments.mapped("raw"), contents)
        for attachment in attachments.filtered("store_fname"):
            self.assertEqual(self.read_object(attachment), attachment.raw)
        spilled = [attachments[1].id, attachments[3].id]
        self.assertLessEqual({*spilled}, {*self.waiting()})
        self.give_back()
        self.spills._return()
        self.env.invalidate_all()
        self.assertEqual([self.read_object(each) for each in attachments], contents)

    def test_content_that_belongs_into_the_database_does_not_wait(self):
        self.take_away()
        self.new(b"body {}", mimetype="text/css", name="a.css")
        self.assertEqual(self.waiting(), [])

    def test_larger_content_is_an_error(self):
        self.take_away()
        with self.assertRaises(Unavailable):
            self.new(bytes(MB + 1))
        with self.assertRaises(Unavailable):
            self.new(b"small").write({"raw": bytes(MB + 1)})

    def test_the_sum_is_bounded(self):
        self.take_away()
        self.new(b"1" * (MB - 1))
        self.new(b"2" * MB)
        with self.assertRaises(Unavailable):
            self.new(b"33")
        self.new(b"4")
        with self.assertRaises(Unavailable):
            self.attachments.create([{**VALUES, "raw": b"%d" % n} for n in range(3)])

    def test_what_is_deleted_makes_room(self):
        self.take_away()
        for _time in range(3):
            attachment = self.new(b"2" * MB) | self.new(b"3" * MB)
            attachment.unlink()
        self.assertEqual(self.waiting(), [])

    def test_zero_switches_it_off(self):
        self.change_storage_settings(ATTACHMENT_SPILL_MAX_MB=0)
        self.take_away()
        with self.assertRaises(Unavailable):
            self.new(b"1")

    def test_a_refusal_is_an_error(self):
        self.take_away(error=Refused)
        with self.assertRaises(Refused):
            self.new(b"1")

    def test_a_copy_of_a_database_spills_nothing(self):
        self.env["ir.config_parameter"].sudo().set_param(OWNER_PARAMETER, NOBODY)
        self.take_away()
        with self.assertRaises(Refused):
            self.new(b"1")

    def test_a_store_that_is_still_away_is_tried_again_later(self):
        self.patch(self.env.cr, "rollback", lambda: None)  # the test's own cursor
        self.take_away()
        attachment = self.new(b"mail")
        before = self.triggers()
        self.spills._return()
        self.assert_spilled(attachment, b"mail")
        self.assertEqual(self.triggers(), before + 1)

    def test_only_what_has_spilled_returns(self):
        self.set_location("db")
        elsewhere = self.new(b"an operator decides when this one moves")
        self.set_location(self.scheme)
        self.take_away()
        spilled = self.new(b"mail")
        self.give_back()
        self.env["ir.attachment.background.move"]._continue()
        self.env.invalidate_all()
        self.assertTrue(spilled.store_fname)
        self.assertFalse(elsewhere.store_fname)

    def test_nothing_waits_where_the_location_is_another_one(self):
        self.take_away()
        self.new(b"mail")
        self.set_location("db")
        self.spills._return()
        self.assertEqual(self.waiting(), [])

    def test_it_is_counted(self):
        seen = []
        observe = lambda done: seen.append((done.component, done.name, done.backend))  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        self.take_away()
        self.new(b"mail")
        self.assertEqual(seen.count(("object_store", "spilled", self.scheme)), 1)

    def test_nothing_is_asked_of_the_database_while_all_is_well(self):
        self.new(b"warm")
        before = self.env.cr.sql_log_count
        self.change_storage_settings(ATTACHMENT_SPILL_MAX_MB=0)
        self.new(b"without")
        without = self.env.cr.sql_log_count - before
        self.change_storage_settings(ATTACHMENT_SPILL_MAX_MB=1)
        before = self.env.cr.sql_log_count
        self.new(b"with it")
        self.assertEqual(self.env.cr.sql_log_count - before, without)


class SpillCommitContract(SpillSetUp, CommitSetUp):
    """The commit gate while the store is unavailable; these tests commit."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.forget_rows, "gate.bin")

    def forget_rows(self, name):
        attachments = self.session()
        attachments.search([("name", "=", name)]).unlink()
        attachments.env.cr.execute("DELETE FROM ir_cron_trigger WHERE call_at > now()")
        attachments.env.cr.commit()

    def test_rows_that_a_caller_keeps_after_an_error_have_their_content(self):
        attachments = self.session()
        self.after_insert(self.refuse)
        self.take_away()
        with suppress(ValidationError):
            self.create(attachments, b"kept 1", b"kept 2")
        self.assertTrue(self.commit(attachments))
        rows = self.session().search([("name", "=", "gate.bin")], order="id")
        self.assertEqual(rows.mapped("raw"), [b"kept 1", b"kept 2"])
        self.assertFalse(any(rows.mapped("store_fname")))
        self.assertEqual(len(self.waiting_in(rows)), 2)

    def test_the_row_of_another_transaction_stays_where_it_is(self):
        stored = self.create(self.session(), b"shared")
        stored.env.cr.commit()
        fname = stored.store_fname
        attachments = self.session()
        self.take_away()
        spilled = self.create(attachments, b"shared")
        self.assertTrue(self.commit(attachments))
        rows = self.session().browse([stored.id, spilled.id])
        self.assertEqual(rows.mapped("store_fname"), [fname, False])
        self.assertEqual(self.waiting_in(rows), [spilled.id])

    def test_what_has_arrived_all_the_same_is_marked(self):
        put = ObjectStore.put

        def lost_answer(store, key, content, *args, **kwargs):
            put(store, key, content, *args, **kwargs)
            raise Unavailable("the answer is lost")

        self.patch(ObjectStore, "put", lost_answer)
        self.patch(ObjectStore, "begin_put", lambda *_args: None)
        attachments = self.session()
        self.create(attachments, b"arrived")
        self.assertTrue(self.commit(attachments))  # this compares objects, rows and marks

    def test_a_rollback_to_a_savepoint_takes_the_spill_back(self):
        attachments = self.session()
        self.take_away()
        with suppress(ZeroDivisionError), attachments.env.cr.savepoint():
            self.create(attachments, b"rolled back")
            raise ZeroDivisionError
        kept = self.create(attachments, b"kept")
        self.assertTrue(self.commit(attachments))
        self.assertEqual(self.waiting_in(kept), [kept.id])

    def waiting_in(self, rows):
        cursor = self.session().env.cr
        cursor.execute(
            "SELECT attachment_id FROM ir_attachment_spill WHERE attachment_id = ANY(%s)"
            " ORDER BY 1",
            (rows.ids,),
        )
        return [number for (number,) in cursor.fetchall()]
