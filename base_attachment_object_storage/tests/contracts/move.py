"""Moves between the database, local files and the store: mixed in by each backend addon."""

import os

from odoo.tools import mute_logger

from ...transfer.rows import BATCH, Condition, Rows
from ...upload.placement import PARAMETER
from ..attachment_setup import CORE_LOG, MOVE_LOG, noise
from .move_run import MoveRunContract


class MoveContract(MoveRunContract):
    """The content that moves or stays; a move does not change it."""

    def test_database_and_local_files_move_to_the_store(self):
        for location in ("db", "file"):
            with self.subTest(location):
                attachment = self.created_at(location, b"to move from " + location.encode())
                before = self.columns(attachment)
                report = self.attachments.force_storage()
                self.assertEqual((report["moved"], report["failed"]), (1, []))
                self.assertEqual(report["bytes"], attachment.file_size)
                self.assertEqual(self.read_object(attachment), attachment.raw)
                fname, without_db_datas, *rest = self.columns(attachment)
                self.assertTrue(fname.startswith(f"{self.scheme}://") and without_db_datas)
                self.assertEqual(rest, list(before[2:]), "checksum, size and date stay")

    def test_a_moved_local_file_is_left_to_the_collection_of_core(self):
        attachment = self.created_at("file", b"a local file")
        path = self.attachments._full_path(attachment.store_fname)
        self.attachments.force_storage()
        self.assertIn("://", attachment.store_fname)
        self.assertTrue(os.path.exists(path))

    def test_a_row_that_changed_while_it_was_moved_keeps_its_content(self):
        attachment = self.created_at("db", b"before")
        rows = self.rows()
        (row,) = rows.next_batch(0)
        attachment.with_context(storage_location="db").write({"raw": b"after"})
        self.env.flush_all()
        fname = f"{self.scheme}://c/of-before"
        self.assertEqual(rows.swap([(row, fname)]), set())
        self.env.invalidate_all()
        self.assertEqual((attachment.raw, attachment.store_fname), (b"after", False))

    def rows(self):
        """Return the rows that a move to the present location would read."""
        elsewhere = Condition(*self.attachments._is_elsewhere())
        return Rows(self.env.cr, elsewhere, lambda _cursor: None, self.registry.cursor)

    def test_more_rows_than_a_batch_move(self):
        count = BATCH + 1
        self.set_location("db")
        values = {"name": "a", "mimetype": "application/pdf"}
        attachments = self.attachments.create(
            [{**values, "raw": b"%d" % number} for number in range(count)]
        )
        self.set_location(self.scheme)
        self.assertEqual(self.attachments.force_storage()["moved"], count)
        self.assertEqual(len(set(attachments.mapped("store_fname"))), count)

    def test_content_of_binary_fields_moves_too(self):
        attachment = self.created_at(
            "db", b"field", res_model="res.partner", res_field="image_1920", res_id=1
        )
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.assertEqual(self.read_object(attachment), b"field")

    def test_another_container_moves_to_the_present_one_and_is_marked(self):
        attachment = self.new_in_other_container(b"elsewhere")
        old = attachment.store_fname
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.assertNotEqual(attachment.store_fname, old)
        self.assertEqual(self.read_object(attachment), b"elsewhere")
        self.assertEqual(self.marks(old), 1)
        self.assertEqual(self.make_store(self.other_container).read("flat"), b"elsewhere")

    def test_what_the_rule_keeps_stays(self):
        kept = self.created_at("db", b"body {}", mimetype="text/css")
        report = self.attachments.force_storage()
        self.assertEqual((report["total"], report["moved"]), (0, 0))
        self.assertEqual(kept.db_datas, b"body {}")

    def test_what_the_rule_keeps_leaves_local_files_for_the_database(self):
        kept = self.created_at("file", b"body {}", mimetype="text/css")
        self.assertTrue(kept.store_fname)
        report = self.attachments.force_storage()
        self.assertEqual((report["moved"], report["failed"]), (1, []))
        self.assertEqual((kept.store_fname, kept.db_datas), (False, b"body {}"))
        self.assertEqual(kept.raw, b"body {}")
        self.assertEqual(self.attachments.force_storage()["moved"], 0)

    @mute_logger(CORE_LOG, MOVE_LOG)
    def test_a_row_whose_name_has_no_key_is_reported_and_the_others_move(self):
        broken, right = (self.new(raw) for raw in (b"of no name", b"of a name"))
        self.env.flush_all()
        fname = f"{self.scheme}://key"
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (fname, broken.id)
        )
        self.env.invalidate_all()
        self.set_location("db")
        failed = self.attachments.force_storage()["failed"]
        self.assertIn(broken.id, [number for number, _why in failed])
        self.env.invalidate_all()
        self.assertEqual((broken.store_fname, right.db_datas), (fname, b"of a name"))

    @mute_logger(CORE_LOG, MOVE_LOG)
    def test_a_missing_local_file_is_reported_and_left_alone(self):
        missing = self.created_at("file", b"will be missing")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = '00/0000' WHERE id = %s", (missing.id,)
        )
        fine = self.created_at("db", b"fine")
        before = self.columns(missing)
        report = self.attachments.force_storage()
        self.assertEqual([failure[0] for failure in report["failed"]], [missing.id])
        self.assertEqual(report["moved"], 1)
        self.assertEqual(self.columns(missing), before)
        self.assertTrue(fine.store_fname)

    @mute_logger(MOVE_LOG)
    def test_content_that_its_checksum_does_not_name_is_reported_and_left_alone(self):
        attachment = self.created_at("db", b"right")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET db_datas = 'wrong' WHERE id = %s", (attachment.id,)
        )
        before = self.columns(attachment)
        self.assertEqual(len(self.attachments.force_storage()["failed"]), 1)
        self.assertEqual(self.columns(attachment), before)

    def test_a_file_that_rows_share_is_read_and_sent_once(self):
        first, *copies = [self.created_at("file", b"shared by rows") for _number in range(4)]
        self.calls.clear()
        self.assertEqual(self.attachments.force_storage()["moved"], 4)
        self.assertEqual(self.calls, ["put"])
        self.assertEqual({copy.store_fname for copy in copies}, {first.store_fname})

    def test_rows_of_the_database_with_the_same_content_are_sent_once(self):
        self.created_at("db", b"twice")
        self.created_at("db", b"twice")
        self.calls.clear()
        self.assertEqual(self.attachments.force_storage()["moved"], 2)
        self.assertEqual(self.calls, ["put"])

    def test_keys_of_another_owner_move_when_asked_to(self):
        attachment = self.new(b"of the original")
        old = attachment.store_fname
        self.attachments._fork_store()
        self.assertEqual(self.attachments._move().moved, 0)
        self.assertEqual(self.attachments.with_context(move_other_keys=True)._move().moved, 1)
        self.env.invalidate_all()
        self.assertNotEqual(attachment.store_fname, old)
        self.assertEqual(self.read_object(attachment), b"of the original")
        self.assertEqual(attachment.raw, b"of the original")

    def test_a_moved_local_file_outlives_cores_collection_until_its_retention_is_over(self):
        attachment = self.created_at("file", b"a local file to keep")
        path = self.attachments._full_path(attachment.store_fname)
        self.attachments.force_storage()
        self.attachments._gc_file_store_unsafe()
        self.assertTrue(os.path.exists(path))
        self.env.cr.execute("UPDATE ir_attachment_garbage SET time = time - interval '99 years'")
        self.attachments._gc_file_store_unsafe()
        self.assertFalse(os.path.exists(path))

    def test_a_moved_local_file_that_another_row_has_is_never_collected(self):
        attachment = self.created_at("file", b"a local file of two")
        name = attachment.store_fname
        other = self.created_at("file", b"a local file of two")
        self.attachments._move(limit=1)
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (name, other.id)
        )
        self.env.cr.execute("UPDATE ir_attachment_garbage SET time = time - interval '99 years'")
        self.attachments._gc_file_store_unsafe()
        self.env.invalidate_all()
        self.assertEqual(other.raw, b"a local file of two")

    def test_a_changed_rule_is_applied_both_ways(self):
        parameters = self.env["ir.config_parameter"].sudo()
        attachment = self.new(b"body {}", mimetype="application/pdf")
        fname = attachment.store_fname
        parameters.set_param(PARAMETER, '{"application/pdf": 7}')
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.env.invalidate_all()
        self.assertEqual((attachment.store_fname, attachment.db_datas), (False, b"body {}"))
        self.assertEqual(self.marks(fname), 1)
        parameters.set_param(PARAMETER, '{"application/pdf": 6}')
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.env.invalidate_all()
        self.assertEqual((attachment.store_fname, attachment.db_datas), (fname, False))

    def test_a_second_move_finds_nothing_to_do(self):
        self.created_at("db", b"once")
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.calls.clear()
        self.assertEqual(self.attachments.force_storage()["moved"], 0)
        self.assertEqual(self.calls, [])

    def test_a_large_image_moves_byte_for_byte_both_ways(self):
        image = noise((2000, 40))
        attachment = self.attachments.with_context(
            image_no_postprocess=True, storage_location="db"
        ).create({"name": "large.png", "mimetype": "image/png", "raw": image})
        for location in (self.scheme, "file", self.scheme, "db"):
            with self.subTest(location):
                self.set_location(location)
                self.attachments.force_storage()
                self.env.invalidate_all()
                self.assertEqual(attachment.with_context(storage_location=None).raw, image)
                fname = attachment.store_fname or ""
                self.assertEqual("://" in fname, location == self.scheme)
                self.assertEqual(bool(fname), location != "db")

    def test_coming_back_marks_the_objects(self):
        for location in ("db", "file"):
            with self.subTest(location):
                attachment = self.created_at(self.scheme, b"back to " + location.encode())
                fname = attachment.store_fname
                self.set_location(location)
                self.attachments.force_storage()
                self.env.invalidate_all()
                self.assertEqual(attachment.raw, b"back to " + location.encode())
                self.assertFalse(self.attachments._is_file_from_a_store(attachment.store_fname))
                self.assertTrue(self.marks(fname))

    def test_the_context_chooses_where_to_move(self):
        attachment = self.created_at("db", b"by context")
        self.set_location("db")
        report = self.attachments.with_context(storage_location=self.scheme).force_storage()
        self.assertEqual(report["moved"], 1)
        self.assertEqual(self.read_object(attachment), b"by context")
