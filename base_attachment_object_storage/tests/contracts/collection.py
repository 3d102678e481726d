"""The objects that a collection deletes or keeps: mixed in by each backend addon."""
# pylint: disable=invalid-commit

import hashlib
from contextlib import closing

from odoo.tools import mute_logger

from ...garbage import collector
from ...garbage.collector import Collector
from ...garbage.locks import lock_shared, shard_of
from ...garbage.marks import mark_all
from ...ownership.owner import Owner
from ...store import Refused, Unavailable, Unfinished
from ..transaction_setup import OWNER_LOG, TransactionSetUp


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
        self.env.cr.execute("SELECT count(*) FROM ir_attachment")  # takes the snapshot
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
        # this database may adopt another owner's object one day; a flat key has no owner
        self.assertEqual([self.committed_marks(name) for name in names], [0, 0, 1])

    def test_marks_of_keys_that_no_database_owns_are_forgotten_after_the_retention(self):
        container = self.make_store().container
        prefix = f"{self.scheme}://{container}/{self.attachments._object_owner()}"
        flat = f"{self.scheme}://{container}/{'ab' * 20}"
        strange = [f"{prefix}/ab/{'cd' * 32}", f"{prefix}/ab/chosen", f"{prefix}/0z/{'ab' * 32}"]
        names = [flat, *strange, "ab/" + "ab" * 20]
        with closing(self.registry._db.cursor()) as cursor:
            mark_all(cursor, names)
            cursor.commit()
        fname = self.deleted(b"after strange names")
        self.addCleanup(self.forget_marks, names)
        self.assertEqual(self.collect(days=30)["forgotten"], 0)
        report = self.collect()
        self.assertEqual((report["forgotten"], report["deleted"]), (4, 1))
        self.assertFalse(self.exists(fname))
        marks = [self.committed_marks(name) for name in names]
        self.assertEqual(marks, [0, 0, 0, 0, 1], "core collects local files")

    def forget_marks(self, names):
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute(
                "DELETE FROM ir_attachment_garbage WHERE store_fname = ANY(%s)", (names,)
            )
            cursor.commit()

    def garbage_of_one_shard(self, count):
        """Return the names of deleted objects in one shard."""
        numbers = (b"%d" % number for number in range(1_000_000))
        contents = (c for c in numbers if hashlib.sha256(c).digest()[0] == 0xAB)
        attachments = self.session()
        rows = [self.new_in(attachments, next(contents)) for _number in range(count)]
        names = [row.store_fname for row in rows]
        attachments.browse([row.id for row in rows]).unlink()
        attachments.env.cr.commit()
        return names

    def test_a_lock_is_held_for_one_request(self):
        names = self.garbage_of_one_shard(25)
        store = self.make_store()
        self.patch(type(store), "delete_limit", 10)
        writer = self.session()
        sent, batches = [], []
        delete_batch = type(store)._delete_batch

        def counted(store, keys):
            sent.append(len(keys))
            # the lock is held: a writer of this shard has to wait
            writer.env.cr.execute("SET LOCAL lock_timeout = '50ms'")
            with self.assertRaisesRegex(Exception, "lock timeout"), mute_logger("odoo.sql_db"):
                lock_shared(writer.env.cr, [0xAB])
            writer.env.cr.rollback()
            return delete_batch(store, keys)

        batch = Collector.collect_batch

        def free_afterwards(collector, cursor, shard, after=""):
            # the previous transaction has ended
            lock_shared(writer.env.cr, [0xAB])
            writer.env.cr.rollback()
            batches.append(len(sent))
            return batch(collector, cursor, shard, after)

        self.patch(type(store), "_delete_batch", counted)
        self.patch(Collector, "collect_batch", free_afterwards)
        self.assertEqual(self.collect()["deleted"], 25)
        self.assertEqual(sent, [8, 10, 7])
        self.assertEqual(batches, [0, 1, 2, 3])
        self.assertFalse(any(self.exists(name) for name in names))

    def test_what_one_request_does_not_finish_has_another_lock(self):
        names = self.garbage_of_one_shard(2)
        left = dict.fromkeys(names, 3)
        asked = []

        def delete(batch):
            asked.append(sorted(batch))
            for name in batch:
                left[name] -= 1
            return {name: Unfinished("more") for name in batch if left[name]}

        owner = self.attachments._present_owner()
        collector = Collector(owner.like, 0, delete)
        with closing(self.registry._db.cursor()) as cursor:
            after = ""
            while after is not None:
                after = collector.collect_batch(cursor, 0xAB, after)
                cursor.commit()
        self.assertEqual(asked, [sorted(names)] * 3)
        self.assertEqual((collector.report.deleted, collector.report.failed), (2, {}))
        self.assertEqual([self.committed_marks(name) for name in names], [0, 0])

    def test_shards_are_found_among_marks_of_any_kind(self):
        fname = self.deleted(b"one of many")
        owner = self.attachments._present_owner()
        base = owner.name_of(owner.prefix)
        wanted = [0x00, 0x7F, 0xFF]
        others = [
            *(f"{base}/{shard:02x}/{shard:02x}{'0' * 62}" for shard in wanted),
            f"{base}/zz/{'ab' * 32}",
            f"{base}.more/11/{'11' * 32}",
            f"{base[:-1]}/22/{'22' * 32}",
            "33/" + "33" * 20,
        ]
        self.addCleanup(self.forget_marks, others)
        with closing(self.registry._db.cursor()) as cursor:
            mark_all(cursor, others)
            cursor.commit()
            for pattern in (owner.like, Owner(**{**vars(owner), "container": ""}).like):
                shards = Collector(pattern, 0, dict).shards(cursor)
                self.assertEqual(shards, sorted({*wanted, shard_of(fname)}))
                self.assertEqual(Collector(pattern, 1, dict).shards(cursor), [])

    @mute_logger("odoo.addons.base_attachment_object_storage.garbage.collector")
    def test_a_table_that_odoo_may_not_read_stops_nothing_and_is_named_once(self):
        fname, kept = self.deleted(b"garbage"), self.deleted(b"put aside")
        collector._warn_of_unreadable.cache_clear()
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute(
                'CREATE TABLE "of the DBA, 100%%" AS SELECT %s AS store_fname;'
                "CREATE TABLE readable_backup AS SELECT %s AS store_fname;"
                "CREATE MATERIALIZED VIEW never_filled AS SELECT store_fname FROM readable_backup"
                " WITH NO DATA;"
                "CREATE ROLE limited_odoo;"
                "GRANT SELECT ON ir_attachment, readable_backup TO limited_odoo;"
                "GRANT ALL ON ir_attachment_garbage, ir_attachment_garbage_collections"
                " TO limited_odoo",
                (fname, kept),
            )
            cursor.commit()
            try:
                with self.assertLogs(collector._logger, "WARNING") as logs:
                    report = self.collect_as(cursor, "limited_odoo")
                    self.collect_as(cursor, "limited_odoo")
            finally:
                cursor.rollback()
                cursor.execute(
                    "DROP MATERIALIZED VIEW never_filled; DROP TABLE readable_backup;"
                    'DROP TABLE "of the DBA, 100%"; DROP OWNED BY limited_odoo;'
                    "DROP ROLE limited_odoo"
                )
                cursor.commit()
        self.assertEqual((report.deleted, report.used, report.failed), (1, 1, {}))
        self.assertEqual(report.unreadable, ['"of the DBA, 100%"'])
        self.assertEqual((self.exists(fname), self.exists(kept)), (False, True))
        self.assertEqual(len(logs.output), 1)
        self.assertIn("of the DBA", logs.output[0])

    def collect_as(self, cursor, role):
        """Collect with the rights of another role."""
        owner = self.attachments._present_owner()
        collector = Collector(owner.like, 0, self.attachments._make_delete(owner))
        cursor.execute(f"SET ROLE {role}")
        cursor.commit()
        for shard in collector.shards(cursor):
            cursor.commit()
            collector.collect_batch(cursor, shard)
            cursor.commit()
        cursor.execute("RESET ROLE")
        cursor.commit()
        return collector.report

    def test_an_error_of_postgresql_ends_the_collection_and_keeps_the_marks(self):
        fname = self.deleted(b"not collected")

        def fail(cursor):
            cursor.execute("SELECT 1 / 0")

        self.patch(collector, "_tables_with_names", fail)
        with (
            self.assertLogs(OWNER_LOG + ".ir_attachment_garbage", "WARNING"),
            mute_logger("odoo.sql_db"),
        ):
            self.assertIn("division by zero", self.collect()["refused"])
        self.assertEqual(self.committed_marks(fname), 1)

    def test_a_retention_is_a_number_of_days(self):
        for days in (float("inf"), float("nan"), -1, 1e300):
            with self.subTest(days), self.assertRaises(ValueError):
                self.collect(days=days)

    def run_collection(self, delete):
        owner = self.attachments._present_owner()
        collector = Collector(owner.like, 0, delete)
        with closing(self.registry._db.cursor()) as cursor:
            for shard in collector.shards(cursor):
                cursor.commit()
                collector.collect_batch(cursor, shard)
                cursor.commit()
        return collector.report

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
            # the table is not locked: reading, writing and deleting continue
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
