"""Attachments on any store: mixed in by each backend addon."""

import base64
from contextlib import suppress

from odoo.tools import mute_logger

from ...store import Integrity, NotFound, StoreUri, Unavailable
from ..attachment_setup import BASE_LOG, LOG
from .failed_read import FailedReadContract
from .write import WriteContract


class AttachmentContract(WriteContract, FailedReadContract):
    """Write, read, copy, delete, rollback and switching the storage off."""

    # --- read

    def test_content_reads_as_it_was_written(self):
        attachment = self.new(b"read me")
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"read me")
        self.assertEqual(base64.b64decode(attachment.datas), b"read me")
        self.assertEqual(attachment._file_read(attachment.store_fname, size=4), b"read")

    def test_a_flat_key_of_the_old_suite_in_any_container_is_read(self):
        other = self.make_store(self.other_container)
        other.create_container()
        other.put("e1f2-flat-sha1", b"old suite")
        attachment = self.new(b"placeholder")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s",
            (f"{self.scheme}://{self.other_container}/e1f2-flat-sha1", attachment.id),
        )
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"old suite")

    @mute_logger(LOG, BASE_LOG)
    def test_a_missing_object_is_empty_to_a_client_and_an_error_to_code(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        self.assertEqual(attachment.read(["raw", "datas"])[0]["raw"], b"")
        for field in ("raw", "datas"):
            with self.subTest(field), self.assertRaises(NotFound):
                attachment.mapped(field)

    def test_a_missing_object_is_logged(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        with self.assertLogs(LOG, "WARNING") as logs, suppress(NotFound):
            attachment.mapped("raw")
        self.assertIn(attachment.store_fname, logs.output[0])

    @mute_logger(LOG)
    def test_other_bytes_under_an_owned_key_are_an_error(self):
        attachment = self.new(b"right")
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).put(uri.key, b"wrong")
        self.env.invalidate_all()
        with self.assertRaises(Integrity):
            attachment.mapped("raw")

    # --- delete

    def test_deleting_a_row_marks_and_keeps_the_object(self):
        attachment = self.new(b"deleted")
        fname = attachment.store_fname
        uri = StoreUri.parse(fname)
        attachment.unlink()
        self.assertEqual(self.marks(fname), 1)
        self.assertEqual(self.make_store(uri.container).read(uri.key), b"deleted")

    def test_rollback_after_delete_takes_the_mark_back(self):
        attachment = self.new(b"kept after all")
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            attachment.unlink()
            raise ZeroDivisionError
        self.assertFalse(self.marks(attachment))
        self.assertEqual(attachment.raw, b"kept after all")

    def test_a_mark_needs_no_row(self):
        fname = f"{self.scheme}://{self.other_container}/deleted-by-raw-sql"
        self.attachments._file_delete(fname)
        self.assertEqual(self.marks(fname), 1)

    def test_a_rewrite_to_the_database_marks_the_old_object(self):
        attachment = self.new(b"in the store")
        fname = attachment.store_fname
        self.set_location("db")
        attachment.write({"raw": b"in the database"})
        self.assertFalse(attachment.store_fname)
        self.assertTrue(self.marks(fname))

    # --- switched off

    @mute_logger(LOG)
    def test_a_storage_that_is_switched_off_is_not_touched(self):
        stored = self.new(b"before")
        self.env.invalidate_all()
        self.calls.clear()
        self.disable_storage()
        fresh = self.new(b"while off")
        self.assertEqual((fresh.store_fname, fresh.db_datas), (False, b"while off"))
        for use in (lambda: stored.raw, stored.copy, self.attachments.force_storage):
            with self.assertRaises(Unavailable):
                use()
        stored.unlink()
        self.assertEqual(self.calls, [])

    def test_an_error_for_users_names_no_container(self):
        attachment = self.new(b"x")
        self.disable_storage()
        self.env.invalidate_all()
        with self.assertLogs(LOG, "WARNING") as logs, self.assertRaises(Unavailable) as caught:
            attachment.mapped("raw")
        self.assertNotIn("://", str(caught.exception))
        self.assertIn("DISABLE_ATTACHMENT_STORAGE", logs.output[0])
