"""Attachments with read-only credentials, for example of a copy for analysis."""

from odoo.tools import mute_logger

from ...store import Refused
from ..attachment_setup import LOG, MOVE_LOG, AttachmentSetUp


class ReadOnlyContract(AttachmentSetUp):
    """Mixed into a test case like ``AttachmentSetUp``, with ``make_read_only_store()``."""

    @mute_logger(LOG, MOVE_LOG)
    def test_who_may_only_read_reads_and_changes_no_row(self):
        stored = self.new(b"stored")
        in_database = self.attachments.with_context(storage_location="db")
        waiting = in_database.create({"name": "a.pdf", "raw": b"waiting"})
        # a move keeps it in the database, which does not show that the store accepts content
        at_files = self.attachments.with_context(storage_location="file")
        at_files.create({"name": "a.css", "raw": b"body {}", "mimetype": "text/css"})
        before = [self.columns(stored), self.columns(waiting)]
        count = self.attachments.search_count([])
        self.make_store = self.make_read_only_store
        self.env.invalidate_all()
        self.assertEqual((stored.raw, waiting.raw), (b"stored", b"waiting"))
        for name, use in {
            "create": lambda: self.new(b"new"),
            "write": lambda: stored.write({"raw": b"written"}),
            "move": self.attachments.force_storage,
        }.items():
            with self.subTest(name):
                with self.assertRaises(Refused), self.env.cr.savepoint():
                    use()
                self.env.invalidate_all()
                self.assertEqual([self.columns(stored), self.columns(waiting)], before)
                self.assertEqual(self.attachments.search_count([]), count)
        self.assertEqual(self.read_object(stored), b"stored")

    def test_who_may_only_read_deletes_rows_and_keeps_their_marks(self):
        stored = self.new(b"deleted")
        fname = stored.store_fname
        self.make_store = self.make_read_only_store
        stored.unlink()
        self.assertEqual(self.marks(fname), 1)
        delete = self.attachments._make_delete(self.attachments._present_owner())
        try:
            failure = delete([fname])[fname]
        except Refused as error:
            failure = error  # an error of the request, not of one key
        self.assertIsInstance(failure, Refused)
