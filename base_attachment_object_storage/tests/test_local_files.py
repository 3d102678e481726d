"""The collection of local files after a move: no writer waits for it."""
# pylint: disable=invalid-commit

import os
import tempfile
from contextlib import closing

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..garbage import local_files
from ..garbage.local_files import LocalFiles
from ..garbage.marks import mark_all
from .test_transactions import DirectorySetUp
from .transaction_setup import TransactionSetUp


@tagged("post_install", "-at_install")
class TestLocalFiles(DirectorySetUp, TransactionSetUp, TransactionCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files_root = folder.name
        self.cursor = self.registry._db.cursor()
        self.addCleanup(self.cursor.close)
        self.addCleanup(self.cursor.rollback)
        self.names = []
        self.addCleanup(self.forget_marks)

    def path(self, name):
        return os.path.join(self.files_root, name)

    def moved_files(self, count, days=1):
        """Return the names of marked files."""
        start = len(self.names)
        names = [f"{n % 256:02x}/{n:040x}" for n in range(start, start + count)]
        for name in names:
            for path in (self.path(name), self.path(f"checklist/{name}")):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write("moved")
        self.names += names
        with closing(self.registry._db.cursor()) as cursor:
            mark_all(cursor, names)
            cursor.execute(
                "UPDATE ir_attachment_garbage SET time = time - %s * interval '1 day'"
                " WHERE store_fname = ANY(%s)",
                (days, names),
            )
            cursor.commit()
        return names

    def forget_marks(self):
        with closing(self.registry._db.cursor()) as cursor:
            for table in ("ir_attachment", "ir_attachment_garbage"):
                cursor.execute(f"DELETE FROM {table} WHERE store_fname = ANY(%s)", (self.names,))
            cursor.commit()

    def row_of(self, name):
        """Create and commit a row that names a local file."""
        row = self.committed(b"row of a local file")
        row.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (name, row.id)
        )
        row.env.cr.commit()

    def collect(self, days=0):
        return LocalFiles(days, self.path).collect(self.cursor)

    def left(self, names):
        return [name for name in names if os.path.exists(self.path(name))]

    def test_files_go_with_their_marks_after_the_retention(self):
        old, young = self.moved_files(3, days=31), self.moved_files(2, days=29)
        self.assertTrue(self.collect(days=30))
        self.assertEqual(self.left(self.names), young)
        self.assertEqual([self.committed_marks(name) for name in self.names], [0, 0, 0, 1, 1])
        self.assertFalse(any(os.path.exists(self.path(f"checklist/{name}")) for name in old))

    def test_a_file_that_a_row_has_stays(self):
        used, _unused = self.moved_files(2)
        self.row_of(used)
        self.assertTrue(self.collect())
        self.assertEqual(self.left(self.names), [used])
        self.assertEqual(self.committed_marks(used), 0)

    def test_a_lock_is_held_for_one_slice(self):
        names = self.moved_files(25)
        self.patch(local_files, "SLICE_FILES", 10)
        slices = []
        remove = LocalFiles.slice

        def between(files, cursor, after):
            self.committed(b"a writer gets in before slice %d" % len(slices))
            left = len(self.left(names))
            found = remove(files, cursor, after)
            slices.append(left - len(self.left(names)))
            return found

        self.patch(LocalFiles, "slice", between)
        self.assertTrue(self.collect())
        self.assertEqual(slices, [10, 10, 5, 0])

    def test_a_slow_file_system_makes_slices_smaller(self):
        self.moved_files(5)
        self.patch(local_files, "SLICE_SECONDS", 0)
        self.assertEqual(len(self.left(self.names)), 5)
        files = LocalFiles(0, self.path)
        files.slice(self.cursor, "")
        self.assertEqual(len(self.left(self.names)), 4)
        self.cursor.commit()
        self.assertTrue(files.collect(self.cursor))
        self.assertEqual(self.left(self.names), [])

    def test_a_long_transaction_of_a_writer_is_not_waited_for(self):
        names = self.moved_files(2)
        self.patch(local_files, "PAUSE_SECONDS", 0)
        self.patch(local_files, "ATTEMPTS", 3)
        writer = self.session()
        self.new_in(writer, b"not committed yet")
        with mute_logger("odoo.sql_db"):
            self.assertFalse(self.collect())
        self.assertEqual(self.left(names), names)
        writer.env.cr.commit()
        self.assertTrue(self.collect())
        self.assertEqual(self.left(names), [])

    def test_a_file_that_cannot_be_removed_keeps_its_mark_and_stops_no_other(self):
        bad, good = self.moved_files(2)
        os.unlink(self.path(bad))
        os.mkdir(self.path(bad))
        with self.assertLogs(local_files._logger, "WARNING"):
            self.assertTrue(self.collect())
        self.assertEqual(self.left([good]), [])
        self.assertEqual([self.committed_marks(name) for name in (bad, good)], [1, 0])

    def test_the_daily_vacuum_collects_wherever_attachments_are(self):
        self.assertTrue(self.attachments._gc_file_store._autovacuum)
        for location in (self.scheme, "file", "db"):
            names = self.moved_files(2, days=31)
            model = self.registry["ir.attachment"]
            self.patch(model, "_full_path", lambda records, name: self.path(name))
            self.attachments.with_context(storage_location=location)._gc_file_store()
            self.assertEqual(self.left(names), [])
