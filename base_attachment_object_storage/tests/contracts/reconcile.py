"""The results of reconcile, and its marks: mixed in by each backend addon."""

import json
from contextlib import closing, nullcontext

from odoo.tools import mute_logger

from odoo.addons.cloud_base.events import operations

from ...models import ir_attachment_reconcile_run
from ...ownership.owner import PARAMETER, Owner
from ...store import NotFound, ObjectStore, StoreUri, Unavailable
from ..transaction_setup import OWNER_LOG, TransactionSetUp


class ReconcileContract(TransactionSetUp):
    """Rows and objects are compared in both directions."""

    def orphan(self, raw):
        """Return the name of an object without a row and without a mark."""
        attachments = self.session()
        fname = self.new_in(attachments, raw).store_fname
        attachments.env.cr.postrollback.clear()  # as if the process had been killed
        attachments.env.cr.rollback()
        return fname

    def reconcile(self, **options):
        return self.attachments._reconcile_store(**{"margin_hours": -1, **options})

    def test_an_object_without_a_row_is_marked_and_collected(self):
        self.reconcile()
        self.collect()
        kept, fname = self.committed(b"kept").store_fname, self.orphan(b"orphan")
        report = self.reconcile()
        self.assertEqual((report["orphans"], report["marked"], report["used"]), (1, 1, 1))
        self.assertEqual(report["orphan_bytes"], 6)
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(fname), self.exists(kept)), (False, True))
        self.assertTrue(
            self.attachments._objection_of_store(self.attachments._present_owner()) is None
        )

    def test_a_young_object_is_left_alone(self):
        fname = self.orphan(b"young")
        report = self.reconcile(margin_hours=1)
        self.assertEqual(report["marked"], 0)
        self.assertGreaterEqual(report["young"], 1)
        self.assertEqual(self.committed_marks(fname), 0)

    def test_a_second_reconcile_does_not_begin_the_retention_anew(self):
        fname = self.orphan(b"orphan")
        self.reconcile()
        self.assertEqual(self.reconcile()["marked"], 0)
        self.assertEqual(self.committed_marks(fname), 1)

    @mute_logger(OWNER_LOG + ".ir_attachment_reconcile")
    def test_a_row_without_an_object_is_reported(self):
        fname = self.committed(b"lost").store_fname
        self.committed(b"fine")
        uri = StoreUri.parse(fname)
        self.make_store().delete_many([uri.key])
        report = self.reconcile()
        self.assertEqual((report["missing"], report["missing_names"]), (1, [uri.key]))

    @mute_logger(OWNER_LOG + ".ir_attachment_reconcile")
    def test_a_copy_only_reports(self):
        fname = self.orphan(b"of the original")
        owner = Owner(**{**vars(self.attachments._present_owner()), "database": "original"})
        self.set_parameter(PARAMETER, str(owner))
        report = self.reconcile()
        self.assertEqual(report["marked"], 0)
        self.assertGreaterEqual(report["orphans"], 1)
        self.assertEqual(self.committed_marks(fname), 0)

    # --- the scheduled action

    def weekly(self):
        """Return the model of the scheduled comparisons; no object is too young for them."""
        self.patch(ir_attachment_reconcile_run, "MARGIN_HOURS", -1)
        runs = self.env["ir.attachment.reconcile"]
        # the changes of another cursor would not be rolled back after the test
        own = nullcontext(self.env.cr)
        self.patch(self.registry[runs._name], "_separate_cursor", lambda records: own)
        self.addCleanup(self.forget_runs)
        self.reconcile()
        self.collect()
        return runs

    def forget_runs(self):
        # with all other rows that the test has committed
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute("DELETE FROM ir_attachment_reconcile")
            cursor.commit()

    def test_an_orphan_is_found_without_an_operator(self):
        runs = self.weekly()
        kept, fname = self.committed(b"kept").store_fname, self.orphan(b"orphan")
        runs._continue()
        run = runs._latest()
        self.assertEqual((run.state, run.orphans, run.marked, run.missing), ("done", 1, 1, 0))
        self.assertTrue(run.ended)
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(fname), self.exists(kept)), (False, True))

    @mute_logger(OWNER_LOG + ".ir_attachment_reconcile_run")
    def test_a_comparison_goes_on_where_its_time_was_over(self):
        runs = self.weekly()
        names = [self.committed(b"kept %d" % number).store_fname for number in range(4)]
        orphans = [self.orphan(b"orphan %d" % number) for number in range(3)]
        self.make_store().delete_many([StoreUri.parse(names[0]).key])
        self.patch(ir_attachment_reconcile_run, "SLICE_SECONDS", 0)
        slices, events = 0, []
        operations.subscribe(observe := lambda operation: events.append(operation.name))
        self.addCleanup(operations.unsubscribe, observe)
        runs._continue()
        run = runs._latest()
        while run.state == "running" and slices < 20:
            self.assertTrue(run.position)
            runs._continue()
            slices += 1
        self.assertEqual(runs._latest(), run)
        found = (run.state, run.objects, run.used, run.missing, run.marked)
        self.assertEqual(found, ("done", 6, 3, 1, 3))
        self.assertEqual(json.loads(run.missing_names), [StoreUri.parse(names[0]).key])
        self.assertEqual([self.committed_marks(name) for name in orphans], [1, 1, 1])
        self.assertGreaterEqual(slices, 6)
        counted = [events.count(name) for name in ("missing_object", "orphaned_object")]
        self.assertEqual(counted, [1, 3])

    def test_a_copy_looks_at_nobody_s_objects(self):
        runs = self.weekly()
        owner = Owner(**{**vars(self.attachments._present_owner()), "database": "original"})
        self.set_parameter(PARAMETER, str(owner))
        self.calls.clear()
        runs._continue()
        self.assertEqual((self.calls, runs.search_count([])), ([], 0))

    def test_an_outage_only_delays_a_comparison(self):
        runs = self.weekly()
        self.orphan(b"orphan")
        list_all = ObjectStore.list

        def silent(store, prefix="", start_after=""):
            raise Unavailable("no answer")

        self.patch(ObjectStore, "list", silent)
        runs._continue()
        run = runs._latest()
        self.assertEqual((run.state, run.message), ("running", "no answer"))
        self.patch(ObjectStore, "list", list_all)
        runs._continue()
        self.assertEqual((runs._latest(), run.state, run.marked), (run, "done", 1))

    def test_no_error_leaves_a_comparison_running(self):
        runs = self.weekly()

        def fail(*arguments):
            raise KeyError("of a library")

        self.patch(self.registry["ir.attachment"], "_reconcile", fail)
        with self.assertLogs(OWNER_LOG + ".ir_attachment_reconcile_run", "ERROR"):
            runs._continue()
        run = runs._latest()
        self.assertEqual(run.state, "failed")
        self.assertIn("KeyError", run.message)

    def test_the_scheduled_action_runs_every_week(self):
        cron = self.env["ir.attachment.reconcile"]._cron()
        interval = (cron.active, cron.interval_number, cron.interval_type)
        self.assertEqual(interval, (True, 1, "weeks"))
        if "numbercall" in cron._fields:
            self.assertEqual(cron.numbercall, -1)

    def test_objects_of_others_and_of_other_forms_are_not_looked_at(self):
        store = self.make_store()
        for key in ("flat-sha1", f"other/ab/{'ab' * 32}"):
            store.put(key, b"of somebody")
        self.reconcile()
        self.collect()
        for key in ("flat-sha1", f"other/ab/{'ab' * 32}"):
            try:
                store.head(key)
            except NotFound:
                self.fail(f"{key} was deleted")
