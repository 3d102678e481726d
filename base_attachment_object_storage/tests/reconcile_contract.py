"""What reconcile finds, and what it marks: mixed in by each backend addon."""

from odoo.tools import mute_logger

from ..ownership import PARAMETER, Owner
from ..store import NotFound, StoreUri
from .transaction_setup import OWNER_LOG, TransactionSetUp


class ReconcileContract(TransactionSetUp):
    """Rows and objects are compared in both directions."""

    def orphan(self, raw):
        """Return the name of an object that no row and no mark knows."""
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
