"""A failed read is never stored as empty content: mixed in by each backend addon."""

import os
import resource
from contextlib import suppress

from odoo.tools import mute_logger

from ...store import NotFound, StoreError, StoreUri
from ..attachment_setup import CORE_LOG, LOG, MOVE_LOG, AttachmentSetUp


class FailedReadContract(AttachmentSetUp):
    """Copying, writing back and moving content that cannot be read."""

    @mute_logger(LOG)
    def test_a_copy_of_a_missing_object_is_refused(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        attachment.read(["raw"])  # a client gets an empty file
        for copy in (attachment.copy, lambda: attachment.copy({"name": "b"})):
            with self.assertRaises(NotFound):
                copy()

    @mute_logger(CORE_LOG)
    def test_a_copy_of_a_missing_local_file_is_refused(self):
        attachment = self.new(b"lost local file")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = '00/0000' WHERE id = %s", (attachment.id,)
        )
        self.env.invalidate_all()
        with self.assertRaises(NotFound):
            attachment.copy()

    def test_a_copy_shares_the_object(self):
        attachment = self.new(b"shared")
        copy = attachment.copy()
        self.assertEqual(copy.store_fname, attachment.store_fname)
        self.assertEqual(copy.raw, b"shared")

    def test_a_copy_with_other_content_needs_no_old_content(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        self.assertEqual(attachment.copy({"raw": b"fresh"}).raw, b"fresh")

    @mute_logger(LOG)
    def test_writing_back_what_a_failed_read_gave_is_refused(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        before = self.columns(attachment)
        for field in ("raw", "datas"):
            with self.subTest(field), self.assertRaises(NotFound), self.env.cr.savepoint():
                attachment.write({field: attachment[field]})
            self.env.invalidate_all()
        self.assertEqual(self.columns(attachment), before)

    def test_an_attachment_may_be_emptied_on_purpose(self):
        attachment = self.new(b"to be emptied")
        fname = attachment.store_fname
        attachment.write({"raw": b""})
        self.assertEqual((attachment.raw or b"", attachment.store_fname), (b"", False))
        self.assertTrue(self.marks(fname))

    @mute_logger(LOG)
    def test_writing_the_mimetype_of_a_missing_object_changes_nothing_else(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        before = self.columns(attachment)[:4]
        attachment.write({"mimetype": "image/png"})
        self.assertEqual(self.columns(attachment)[:4], before)

    @mute_logger(LOG)
    def test_forcing_the_storage_of_a_missing_object_leaves_its_row_alone(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        before = self.columns(attachment)
        for location in ("db", "file"):
            self.set_location(location)
            with self.subTest(location):
                report = self.attachments.force_storage()
                self.assertIn(attachment.id, [number for number, _reason in report["failed"]])
                self.assertEqual(self.columns(attachment), before)

    def ways_to_fail(self):
        """Return functions that make the store fail for an attachment; backends add more."""
        return {"a missing object": self.lose_object, "other bytes": self.change_object}

    def change_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).put(uri.key, b"other bytes")

    def uses_that_store_again(self, attachment):
        """Return the calls that store content after reading it."""
        elsewhere = [attachment.with_context(storage_location=name) for name in ("db", "file")]
        return {
            "copy": attachment.copy,
            "raw": lambda: attachment.write({"raw": attachment.raw}),
            "datas": lambda: attachment.write({"datas": attachment.datas}),
            "mimetype": lambda: attachment.write({"mimetype": "image/png"}),
            "mimetype and name": lambda: attachment.write({"mimetype": "a/b", "name": "c"}),
            "migrate": lambda: [records._migrate() for records in elsewhere],
            "move to the database": elsewhere[0].force_storage,
            "move to local files": elsewhere[1].force_storage,
        }

    @mute_logger(LOG, CORE_LOG, MOVE_LOG)
    def test_no_failure_of_the_store_is_ever_stored_as_content(self):
        for way, fail in self.ways_to_fail().items():
            attachment = self.new(b"safe from " + way.encode())
            before = self.columns(attachment)[:4]
            make_store = self.make_store
            fail(attachment)
            self.env.invalidate_all()
            for name, use in self.uses_that_store_again(attachment).items():
                with self.subTest(name, way=way):
                    with suppress(StoreError), self.env.cr.savepoint():
                        use()
                    self.env.invalidate_all()
                    self.assertEqual(self.columns(attachment)[:4], before)
                    self.env.cr.execute(
                        "SELECT count(*) FROM ir_attachment WHERE checksum = %s"
                        " AND store_fname IS DISTINCT FROM %s",
                        (before[2], before[0]),
                    )
                    self.assertEqual(self.env.cr.fetchone(), (0,), "no other row claims it")
            self.make_store = make_store

    def test_a_disk_that_takes_no_more_ends_a_move_to_it_and_leaves_the_rows(self):
        attachment = self.new(os.urandom(300_000))
        before = self.columns(attachment)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with suppress(OSError):
                attachment.with_context(storage_location="file").force_storage()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        self.env.invalidate_all()
        self.assertEqual(self.columns(attachment), before)
        self.assertEqual(len(attachment.raw), 300_000)
