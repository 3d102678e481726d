"""What a collection deletes and what it keeps: mixed in by each backend addon."""
# pylint: disable=invalid-commit

from contextlib import closing

from odoo.tools import mute_logger

from ..garbage import Collection, mark_all
from ..shards import lock_shared, shard_of
from ..store import Refused, Unavailable
from .transaction_setup import OWNER_LOG, TransactionSetUp


class CollectionContract(TransactionSetUp):
    """The collection of marked objects."""

    def test_what_no_row_has_is_deleted_with_its_marks(self):
        fname = self.deleted(b"garbage")
        self.assertTrue(self.exists(fname))
        self.calls.clear()
        report = self.collect()
        self.assertEqual((report["deleted"], report["refused"]), (1, None))
        self.assertFalse(self.exists(fname))
        self.assertEqual(self.committed_marks(fname), 0)
        self.assertEqual(self.calls.count("delete_many"), 1)

    def test_what_a_row_has_stays_and_loses_its_marks(self):
        fname = self.deleted(b"shared")
        self.committed(b"shared")
        self.assertEqual(self.collect()["used"], 1)
        self.assertTrue(self.exists(fname))
        self.assertEqual(self.committed_marks(fname), 0)

    def test_a_row_that_is_not_committed_yet_keeps_its_object(self):
        fname = self.deleted(b"comes back")
        writer = self.session()
        self.new_in(writer, b"comes back")
        report = self.collect()
        self.assertEqual((report["deleted"], report["busy"]), (0, 1))
        writer.env.cr.commit()
        self.assertEqual(self.collect()["used"], 1)
        self.assertTrue(self.exists(fname))

    def test_a_row_committed_after_the_callers_snapshot_keeps_its_object(self):
        fname = self.deleted(b"stored by another")
        self.env.cr.execute("SELECT count(*) FROM ir_attachment")  # this is the snapshot
        self.committed(b"stored by another")
        self.assertEqual(self.collect()["deleted"], 0)
        self.assertTrue(self.exists(fname))

    def test_a_deletion_that_is_rolled_back_keeps_the_object(self):
        attachment = self.committed(b"deleted and back")
        fname = attachment.store_fname
        attachment.unlink()
        self.assertTrue(self.exists(fname), "no transaction deletes an object")
        self.collect()
        attachment.env.cr.rollback()
        self.assertEqual(self.collect()["deleted"], 0)
        self.assertTrue(self.exists(fname))

    def test_the_retention_counts_from_the_latest_mark(self):
        fname = self.deleted(b"retained")
        self.age_marks(fname, 31)
        self.deleted(b"retained")
        self.assertEqual(self.collect(days=30)["deleted"], 0)
        self.assertTrue(self.exists(fname))
        self.age_marks(fname, 29)
        self.assertEqual(self.collect(days=30)["deleted"], 0)
        self.age_marks(fname, 1.1)
        self.assertEqual(self.collect(days=30)["deleted"], 1)

    def test_the_retention_of_the_settings_is_thirty_days(self):
        fname = self.deleted(b"by default")
        self.env["ir.attachment.garbage"]._gc_object_store()
        self.assertTrue(self.exists(fname))
        self.age_marks(fname, 30.1)
        self.env["ir.attachment.garbage"]._collect_garbage()
        self.assertFalse(self.exists(fname))

    def test_the_daily_vacuum_collects(self):
        self.assertTrue(self.env["ir.attachment.garbage"]._gc_object_store._autovacuum)

    def test_a_row_of_any_table_keeps_its_object(self):
        fname = self.deleted(b"put aside")
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute("CREATE TABLE attachment_backup AS SELECT %s AS store_fname", (fname,))
            cursor.commit()
            try:
                self.assertEqual(self.collect()["used"], 1)
            finally:
                cursor.execute("DROP TABLE attachment_backup")
                cursor.commit()
        self.assertTrue(self.exists(fname))

    def test_what_is_not_this_databases_is_left_alone(self):
        names = [
            f"{self.scheme}://{self.other_container}/{'ab' * 20}",
            f"{self.scheme}://{self.make_store().container}/{'ab' * 20}",
            f"{self.scheme}://{self.make_store().container}/other-uuid/ab/{'ab' * 32}",
        ]
        with closing(self.registry._db.cursor()) as cursor:
            mark_all(cursor, names)
            cursor.commit()
        self.assertEqual(self.collect()["deleted"], 0)
        self.assertEqual([self.committed_marks(name) for name in names], [1, 1, 1])

    def run_collection(self, delete):
        owner = self.attachments._present_owner()
        collection = Collection(owner.like, 0, delete)
        with closing(self.registry._db.cursor()) as cursor:
            for shard in collection.shards(cursor):
                cursor.commit()
                collection.batch(cursor, shard)
                cursor.commit()
        return collection.report

    def test_what_was_not_deleted_keeps_its_marks(self):
        fname = self.deleted(b"cannot be deleted")
        report = self.run_collection(lambda names: dict.fromkeys(names, Refused("read only")))
        self.assertEqual((report.deleted, list(report.failed)), (0, [fname]))
        self.assertEqual(self.committed_marks(fname), 1)

    def test_an_outage_ends_the_collection_and_keeps_the_marks(self):
        def delete(names):
            raise Unavailable("no answer")

        fname = self.deleted(b"cannot be reached")
        self.patch(self.registry["ir.attachment"], "_make_delete", lambda records, owner: delete)
        with self.assertLogs(OWNER_LOG + ".ir_attachment_garbage", "WARNING"):
            self.assertIn("no answer", self.collect()["refused"])
        self.assertEqual(self.committed_marks(fname), 1)

    def test_while_objects_are_deleted_others_write_and_the_same_shard_waits_for_one_batch(self):
        self.deleted(b"being deleted")
        shard = shard_of(self.deleted(b"being deleted"))
        writer = self.session()
        seen = []

        def delete(names):
            # no lock on the table: reading, writing and deleting go on
            row = self.new_in(writer, b"another shard")
            self.assertNotEqual(shard_of(row.store_fname), shard)
            writer.env.flush_all()
            row.unlink()
            writer.env.cr.commit()
            writer.env.cr.execute("SET LOCAL lock_timeout = '100ms'")
            with self.assertRaisesRegex(Exception, "lock timeout"), mute_logger("odoo.sql_db"):
                lock_shared(writer.env.cr, [shard])
            writer.env.cr.rollback()
            seen.append(len(names))
            return {}

        self.run_collection(delete)
        self.assertEqual(seen, [1])
        lock_shared(writer.env.cr, [shard])
