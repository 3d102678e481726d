"""What transactions, the collection and reconcile do to objects: mixed in by each backend.

These tests commit, on connections of their own, and clean up after themselves.
"""
# pylint: disable=invalid-commit

import threading
import uuid
from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.module import get_module_path
from odoo.tools import mute_logger

from ..beside import RecentlySeen
from ..garbage import Collection, mark_all
from ..ownership import NOBODY, PARAMETER, Owner, Standing, server_of
from ..shards import lock_shared, shard_of
from ..store import NotFound, ObjectStore, Refused, StoreUri, Unavailable
from ..uploads import WAITING_BYTES, Uploads
from .attachment_contract import AttachmentSetUp

OWNER_LOG = "odoo.addons.base_attachment_object_storage.models"


class TransactionSetUp(AttachmentSetUp):
    """Mixed into a test case like ``AttachmentSetUp``; ``self.env`` really commits."""

    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        self.before = {key: parameters.get_param(key) for key in ("database.uuid", PARAMETER)}
        self.addCleanup(self.forget_what_was_committed)
        self.attachments = self.session()
        self.env = self.attachments.env
        self.set_parameter(PARAMETER, False)
        self.attachments._claim_store()
        self.env.cr.commit()
        self.calls.clear()

    def set_location(self, location):
        """Leave it to the context of ``session()``: nothing of it is committed."""

    def forget_owner(self):
        """Leave it to ``set_parameter()``."""

    def set_parameter(self, name, value):
        self.env["ir.config_parameter"].set_param(name, value)
        self.env.cr.commit()

    def forget_what_was_committed(self):
        with closing(self.registry._db.cursor()) as cursor:
            parameters = api.Environment(cursor, SUPERUSER_ID, {})["ir.config_parameter"]
            for key, value in self.before.items():
                parameters.set_param(key, value)
            for table in ("ir_attachment", "ir_attachment_garbage"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE store_fname LIKE %s", (f"{self.scheme}://%",)
                )
            cursor.commit()
        self.registry.clear_all_caches()

    def session(self):
        """Return the attachments of another transaction, on a connection of its own."""
        cursor = self.registry._db.cursor()
        self.addCleanup(cursor.close)
        env = api.Environment(cursor, SUPERUSER_ID, {"storage_location": self.scheme})
        return env["ir.attachment"]

    def committed(self, raw):
        attachment = self.new_in(self.session(), raw)
        attachment.env.cr.commit()
        return attachment

    def deleted(self, raw):
        """Return the name of an object whose row was committed, and deleted."""
        attachment = self.committed(raw)
        fname = attachment.store_fname
        attachment.unlink()
        attachment.env.cr.commit()
        return fname

    def new_in(self, attachments, raw):
        values = {"name": "file.bin", "mimetype": "application/pdf", "raw": raw}
        return attachments.create(values)

    def collect(self, days=0):
        report = self.env["ir.attachment.garbage"]._collect_garbage(days)
        self.env.cr.commit()
        return report

    def exists(self, fname):
        uri = StoreUri.parse(fname)
        return self.make_store(uri.container).exists(uri.key)

    def committed_marks(self, fname):
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute(
                "SELECT count(*) FROM ir_attachment_garbage WHERE store_fname = %s", (fname,)
            )
            return cursor.fetchone()[0]

    def age_marks(self, fname, days):
        with closing(self.registry._db.cursor()) as cursor:
            cursor.execute(
                "UPDATE ir_attachment_garbage SET time = time - %s * interval '1 day'"
                " WHERE store_fname = %s",
                (days, fname),
            )
            cursor.commit()


class UploadContract(TransactionSetUp):
    """Uploads of one transaction."""

    def many(self, count=20):
        return [
            {"name": f"{n}.bin", "mimetype": "application/pdf", "raw": b"%d of many" % n}
            for n in range(count)
        ]

    def test_many_are_uploaded_together_while_rows_are_written(self):
        begun = []
        begin = Uploads._begin

        def watched(uploads_):
            waiting = len(uploads_._waiting)
            begin(uploads_)
            if waiting:
                begun.append(waiting)

        self.patch(Uploads, "_begin", watched)
        created = self.attachments.create(self.many())
        # the first one at once, for it is often the only one; all others with one lock
        self.assertEqual(begun, [1, 19])
        self.assertEqual(self.calls, ["put"] * 20)
        for number, attachment in enumerate(created):
            self.assertEqual(self.read_object(attachment), b"%d of many" % number)

    def test_the_same_content_twice_in_one_create_is_sent_once(self):
        for raw in (b"one of two", b"two of two"):
            with self.subTest(raw=raw):
                self.calls.clear()
                values = {"name": "a.bin", "mimetype": "application/pdf"}
                created = self.attachments.create([{**values, "raw": raw}] * 3)
                self.assertEqual(self.calls, ["put"])
                self.assertEqual(len(set(created.mapped("store_fname"))), 1)

    def test_more_than_fits_into_memory_is_sent_in_between(self):
        sent = []
        begin = Uploads._begin
        self.patch(
            Uploads,
            "_begin",
            lambda uploads: sent.append(uploads._waiting_bytes) or begin(uploads),
        )
        large = [bytes([number]) * (WAITING_BYTES // 2) for number in range(4)]
        values = {"name": "a.bin", "mimetype": "application/pdf"}
        created = self.attachments.create([{**values, "raw": raw} for raw in large])
        self.assertLessEqual(max(sent), WAITING_BYTES + len(large[0]))
        self.assertGreater(len([size for size in sent if size]), 1)
        self.assertEqual([self.read_object(attachment) for attachment in created], large)

    def test_what_waits_or_is_on_its_way_can_be_read(self):
        may_go = threading.Event()
        self.addCleanup(may_go.set)
        self.delay_uploads(may_go)
        with self.attachments._uploads().together() as finish:
            contents = [b"on its way", b"not sent yet"]
            fnames = [self.attachments._upload(content) for content in contents]
            self.assertEqual([*map(self.exists, fnames)], [False, False])
            self.assertEqual([*map(self.attachments._file_read, fnames)], contents)
            may_go.set()
            finish()
        self.assertEqual([*map(self.exists, fnames)], [True, True])

    def test_a_create_that_fails_ends_when_its_uploads_have_ended(self):
        may_go = threading.Event()
        begun = self.delay_uploads(may_go)
        attachments = self.session()
        timer = threading.Timer(0.5, may_go.set)
        with self.assertRaises(ZeroDivisionError), attachments._uploads().together():
            fname = attachments._upload(b"in vain")
            self.assertTrue(begun.wait(10))
            timer.start()
            raise ZeroDivisionError
        self.assertTrue(may_go.is_set(), "an object came after its transaction")
        self.assertTrue(self.exists(fname))
        attachments.env.cr.commit()  # the caller has caught the error
        self.assertEqual(self.committed_marks(fname), 1)

    def delay_uploads(self, until):
        """Have uploads wait for an event; return the one that tells that they do."""
        put = ObjectStore.put
        begun = threading.Event()

        def delayed(store, *args, **kwargs):
            begun.set()
            until.wait(10)
            put(store, *args, **kwargs)

        self.patch(ObjectStore, "put", delayed)
        self.patch(ObjectStore, "begin_put", lambda *_args: None)  # in a thread, then
        return begun

    def test_the_same_content_again_in_a_transaction_is_not_sent_again(self):
        self.new(b"again")
        with self.env.cr.savepoint():
            self.new(b"again")
        self.env.cr.flush()
        self.new(b"again")
        self.assertEqual(self.calls, ["put"])

    def test_content_that_this_process_has_stored_is_not_sent_again(self):
        for store in (self.committed, self.deleted):
            with self.subTest(store=store.__name__):
                store(b"known, " + store.__name__.encode())
                self.calls.clear()
                again = self.committed(b"known, " + store.__name__.encode())
                self.assertEqual(self.calls, [])
                self.assertEqual(self.read_object(again), again.raw)

    def test_content_that_was_collected_is_sent_again(self):
        fname = self.deleted(b"known and deleted")
        self.collect()
        self.assertFalse(self.exists(fname))
        attachment = self.committed(b"known and deleted")
        self.assertEqual(self.read_object(attachment), b"known and deleted")

    def test_a_transaction_older_than_a_collection_knows_of_it(self):
        fname = self.deleted(b"collected meanwhile")
        older = self.session()
        older.search([], limit=1)  # its snapshot
        self.assertEqual(self.collect()["deleted"], 1)
        self.new_in(older, b"collected meanwhile")
        self.assertTrue(self.exists(fname))

    def test_who_waits_for_a_collection_knows_of_it(self):
        fname = self.deleted(b"collected while somebody waits")
        writer = self.session()
        writer.search([], limit=1)
        waiting = threading.Thread(
            target=self.new_in, args=(writer, b"collected while somebody waits")
        )
        delete_many = ObjectStore.delete_many

        def watched(store, keys):
            waiting.start()
            waiting.join(0.5)
            self.assertTrue(waiting.is_alive(), "it did not wait for the lock")
            return delete_many(store, keys)

        self.patch(ObjectStore, "delete_many", watched)
        self.assertEqual(self.collect()["deleted"], 1)
        waiting.join(20)
        self.assertTrue(self.exists(fname))

    def test_a_collection_that_fails_is_known_as_well(self):
        fname = self.deleted(b"deleted without an answer")
        delete_many = ObjectStore.delete_many

        def unanswered(store, keys):
            delete_many(store, keys)
            raise Unavailable("no answer")

        with mute_logger(OWNER_LOG + ".ir_attachment_garbage"):
            self.patch(ObjectStore, "delete_many", unanswered)
            self.assertTrue(self.collect()["refused"])
        self.new_in(self.session(), b"deleted without an answer")
        self.assertTrue(self.exists(fname))

    def test_an_object_that_was_lost_is_healed_by_a_process_that_does_not_know_it(self):
        fname = self.committed(b"lost").store_fname
        self.make_store().delete_many([StoreUri.parse(fname).key])
        self.forget_what_was_seen()
        self.assertEqual(self.read_object(self.committed(b"lost")), b"lost")

    def test_what_is_known_is_forgotten_in_time_and_bounded(self):
        seen = RecentlySeen(seconds=600, limit=2)
        seen.add("abc", 7)
        self.assertEqual([seen.is_there(name, 7) for name in "abc"], [False, True, True])
        self.assertFalse(seen.is_there("c", 8))
        outdated = RecentlySeen(seconds=0, limit=2)
        outdated.add("a", 7)
        self.assertFalse(outdated.is_there("a", 7))

    def test_large_content_that_is_there_is_not_sent_again(self):
        large = b"x" * (256 * 1024 + 1)
        self.committed(large)
        self.assertEqual(self.calls, ["head", "put"])
        self.calls.clear()
        self.forget_what_was_seen()
        self.committed(large)
        self.assertEqual(self.calls, ["head"])

    def test_a_failed_upload_fails_the_create_and_leaves_no_row(self):
        self.break_uploads()
        with self.assertRaises(Unavailable), mute_logger(OWNER_LOG + ".ir_attachment"):
            self.attachments.create(self.many())
        self.env.flush_all()
        self.env.cr.execute("SELECT 1 FROM ir_attachment WHERE name = '0.bin'")
        self.assertEqual(self.env.cr.fetchall(), [])

    def test_nested_uploads_fail_and_end_by_themselves(self):
        uploads_ = self.attachments._uploads()
        with uploads_.together() as finish:
            outer = [self.attachments._upload(b"outer %d" % number) for number in range(2)]
            with self.assertRaises(ZeroDivisionError), uploads_.together():
                self.attachments._upload(b"inner, in vain")
                raise ZeroDivisionError
            with uploads_.together() as finish_inner:
                inner = self.attachments._upload(b"inner")
                finish_inner()
            self.assertTrue(self.exists(inner))
            outer.append(self.attachments._upload(b"outer again"))
            finish()
        self.assertEqual([*map(self.exists, outer)], [True] * 3)

    def test_a_caller_that_catches_the_failure_of_an_upload_commits_no_row(self):
        self.new(b"before", name="before.bin")
        self.break_uploads()
        for count in (1, 5):
            with mute_logger(OWNER_LOG + ".ir_attachment"):
                try:  # assertRaises() of Odoo would roll back
                    self.attachments.create(self.many(count))
                except Unavailable:
                    continue
            self.fail("the upload did not fail")
        self.env.cr.commit()
        names = ["before.bin", *(f"{number}.bin" for number in range(5))]
        rows = self.session().search([("name", "in", names)])
        self.assertEqual(rows.mapped("name"), ["before.bin"])

    def break_uploads(self):
        counted_store = self.counted_store

        def broken(scheme, container=None):
            store = counted_store(scheme, container)

            def put(key, *args, **kwargs):
                raise Unavailable("no answer")

            store.put = put
            store.begin_put = lambda *_args: None  # it fails when rows are written already
            return store

        model = self.registry["ir.attachment"]
        self.patch(model, "_get_object_store", lambda records, *place: broken(*place))

    def test_what_a_rolled_back_transaction_uploaded_is_marked(self):
        attachments = self.session()
        fname = self.new_in(attachments, b"in vain").store_fname
        self.assertEqual(self.committed_marks(fname), 0)
        attachments.env.cr.rollback()
        self.assertEqual(self.committed_marks(fname), 1)
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertFalse(self.exists(fname))

    def test_what_a_closed_connection_uploaded_is_marked(self):
        attachments = self.session()
        fname = self.new_in(attachments, b"closed").store_fname
        attachments.env.cr.close()
        self.assertEqual(self.committed_marks(fname), 1)

    def test_what_a_rolled_back_savepoint_uploaded_is_marked_after_the_commit(self):
        attachments = self.session()
        kept = self.new_in(attachments, b"kept").store_fname
        with self.assertRaises(ZeroDivisionError), attachments.env.cr.savepoint():
            fname = self.new_in(attachments, b"in vain").store_fname
            raise ZeroDivisionError
        after = self.new_in(attachments, b"kept too").store_fname
        attachments.env.cr.commit()
        self.assertEqual([*map(self.committed_marks, (fname, kept, after))], [1, 0, 0])

    def test_after_a_rollback_to_any_savepoint_content_is_sent_again(self):
        self.forget_what_was_seen()
        attachments = self.session()
        for flush in (True, False):
            with self.assertRaises(ZeroDivisionError), attachments.env.cr.savepoint(flush=flush):
                self.new_in(attachments, b"twice %d" % flush)
                attachments.env.flush_all()
                raise ZeroDivisionError
            attachments.env.invalidate_all()
            self.calls.clear()
            fname = attachments._upload(b"twice %d" % flush)
            self.assertEqual(self.calls, ["put"])
            self.assertTrue(self.exists(fname))

    def test_a_mark_that_cannot_be_written_is_only_logged(self):
        attachments = self.session()
        self.new_in(attachments, b"in vain")
        self.patch(self.registry, "cursor", None)
        log = "odoo.addons.base_attachment_object_storage.beside"
        with self.assertLogs(log, "WARNING") as logs:
            attachments.env.cr.rollback()
        self.assertIn(self.scheme, logs.output[0])


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


class OwnershipContract(TransactionSetUp):
    """A copy of a database reads, and nothing else."""

    def record(self, **values):
        owner = {**vars(self.attachments._present_owner()), **values}
        self.set_parameter(PARAMETER, str(Owner(**owner)))

    def test_the_owner_is_recorded_here_and_in_the_store(self):
        owner = self.attachments._present_owner()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)
        self.assertEqual(Owner.parse(self.make_store().read(owner.claim_key)), owner)
        self.assertEqual(owner.database, self.env.cr.dbname)
        self.attachments._claim_store()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_copy_reads_and_refuses_everything_else(self):
        original = self.committed(b"of the original")
        fname = self.deleted(b"deleted by the original")
        for wrong in (
            {"database": "the-original"},
            {"container": "another"},
            {"scheme": "other"},
            {"server": "of-another-host"},
            {"environment": "prod"},
        ):
            if "environment" in wrong:
                model = self.registry["ir.attachment"]
                self.patch(model, "_running_environment", lambda records: "integration")
            self.record(**wrong)
            with self.subTest(wrong):
                self.assertEqual(self.attachments._store_standing(), Standing.COPY)
                self.calls.clear()
                with self.assertRaisesRegex(Refused, "fork.*adopt|install|_claim"):
                    self.new(b"of the copy")
                self.assertEqual(self.calls, [], "writes are refused without a request")
                self.assertEqual(self.attachments.browse(original.id).raw, b"of the original")
                self.assertTrue(self.collect()["refused"])
                self.assertTrue(self.exists(fname))

    def test_a_copy_on_another_host_is_told_what_to_run(self):
        self.record(server="of-another-host")
        with self.assertRaisesRegex(Refused, "PostgreSQL server.*fork.*adopt"):
            self.new(b"of the copy")
        with self.assertRaisesRegex(UserError, "PostgreSQL server.*fork.*adopt"):
            self.attachments._claim_store()
        self.attachments._adopt_store()
        self.assertTrue(self.new(b"of its successor").store_fname)

    def test_a_server_that_nobody_names_is_like_any_until_the_next_installation(self):
        self.record(server="")
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)
        self.attachments._claim_store()
        record = self.env["ir.config_parameter"].get_param(PARAMETER)
        self.env.cr.execute("SELECT system_identifier::text FROM pg_control_system()")
        self.assertEqual([Owner.parse(record).server], list(self.env.cr.fetchone()))

    def test_a_server_that_lets_nobody_ask_has_no_name(self):
        self.env.cr.execute("CREATE SCHEMA hiding; SET LOCAL search_path = hiding, pg_catalog")
        self.env.cr.execute(
            "CREATE FUNCTION hiding.pg_control_system(OUT system_identifier bigint)"
            " LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$"
        )
        self.assertEqual(server_of(self.env.cr), "")
        self.env.cr.execute("SELECT 1")  # the transaction goes on
        self.env.cr.rollback()
        self.assertTrue(server_of(self.env.cr))

    def test_copies_that_were_made_before_an_installation_write_under_prefixes_of_their_own(self):
        uuid = self.env["ir.config_parameter"].get_param("database.uuid")
        self.set_parameter(PARAMETER, False)
        model = self.registry["ir.attachment"]
        original = self.new(b"of both").store_fname
        names = {original}
        for name in ("_running_environment", "_database_server"):
            setattr(model, name, lambda records: "of the copy")
            try:
                names.add(self.new(b"of both").store_fname)
                copy = self.attachments._present_owner()
                self.attachments._claim_store()
            finally:
                delattr(model, name)
            self.set_parameter(PARAMETER, False)
            self.attachments._claim_store()
            self.assertNotEqual(self.attachments._object_owner(), copy.prefix)
            self.set_parameter(PARAMETER, False)
        self.assertEqual(len(names), 3)
        self.assertTrue(all(f"/{uuid}-" in name for name in names), names)
        self.attachments._claim_store()
        self.assertIn(f"/{self.attachments._object_owner()}/", original, "also when installed")

    def test_whose_objects_were_adopted_ceases_to_write_when_it_learns_of_it(self):
        owner = self.attachments._present_owner()
        successor = Owner(**{**vars(owner), "server": "of-another-host"})
        self.addCleanup(self.make_store().delete_many, [owner.claim_key])
        self.make_store().put(owner.claim_key, str(successor).encode())
        self.assertIn("of-another-host", self.collect()["refused"])
        with self.assertRaisesRegex(Refused, "fork.*adopt"):
            self.new(b"that the successor would take for garbage")
        self.assertIn("fork", self.collect()["refused"])

    def test_a_copy_moves_nothing_into_the_container_of_its_original(self):
        in_database = self.attachments.with_context(storage_location="db")
        self.new_in(in_database, b"of the copy")
        self.record(database="the-original")
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "fork.*adopt|install|_claim"):
            self.attachments.force_storage()
        self.patch(self.registry, "updated_modules", ["base"])
        self.attachments._register_hook()
        self.assertEqual(self.calls, [])

    def test_a_copy_is_not_installed_by_accident(self):
        self.record(database="the-original")
        with self.assertRaisesRegex(UserError, "the-original.*fork"):
            self.attachments._claim_store()

    def test_another_container_of_the_same_database_can_be_claimed(self):
        self.record(container="former")
        self.attachments._claim_store()
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_claim_of_another_database_stops_installation_and_collection(self):
        fname = self.deleted(b"claimed by another")
        owner = self.attachments._present_owner()
        other = Owner(**{**vars(owner), "database": "adopted-elsewhere"})
        self.make_store().put(owner.claim_key, str(other).encode())
        self.assertIn("adopted-elsewhere", self.collect()["refused"])
        self.set_parameter(PARAMETER, False)
        with self.assertRaisesRegex(UserError, "adopt"):
            self.attachments._claim_store()
        self.make_store().delete_many([owner.claim_key])
        self.record()
        self.assertIn("no claim", self.collect()["refused"])
        self.assertTrue(self.exists(fname))

    def test_a_database_without_a_record_writes_and_never_collects(self):
        fname = self.deleted(b"never collected")
        self.set_parameter(PARAMETER, False)
        self.assertTrue(self.read_object(self.new(b"written")))
        self.assertIn("install()", self.collect()["refused"])
        self.assertTrue(self.exists(fname))

    def test_adopting_takes_over_objects_and_marks(self):
        fname = self.deleted(b"adopted")
        self.record(database="the-original")
        self.attachments._adopt_store()
        self.assertTrue(self.read_object(self.new(b"written")))
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertFalse(self.exists(fname))

    def test_a_fork_reads_the_originals_objects_and_deletes_only_its_own(self):
        original = self.committed(b"of both")
        self.record(database="the-original")
        self.attachments._fork_store()
        mine = self.new(b"of both")
        prefix = StoreUri.parse(mine.store_fname).key.partition("/")[0]
        self.assertNotEqual(prefix, StoreUri.parse(original.store_fname).key.partition("/")[0])
        self.assertEqual(self.attachments.browse(original.id).raw, b"of both")
        own, others = self.deleted(b"own"), original.store_fname
        self.assertIn(prefix, own)
        original.unlink()
        original.env.cr.commit()
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(own), self.exists(others)), (False, True))

    def test_a_copy_that_odoo_made_with_a_new_uuid_keeps_off_until_it_is_installed(self):
        others = self.deleted(b"of the original")
        made_by_odoo = str(uuid.uuid4())
        self.set_parameter("database.uuid", made_by_odoo)
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "install|_claim"):
            self.new(b"into the container of the original")
        self.assertTrue(self.collect()["refused"])
        self.assertEqual(self.calls, [])
        self.attachments._claim_store()
        self.env.cr.commit()
        own = self.deleted(b"of the fork")
        self.assertIn(f"/{made_by_odoo}-", own)
        self.assertEqual(self.collect()["deleted"], 1)
        self.assertEqual((self.exists(own), self.exists(others)), (False, True))
        self.assertEqual(self.attachments._store_standing(), Standing.OWNER)

    def test_a_copy_with_a_new_uuid_writes_at_once_into_a_container_of_its_own(self):
        self.record(container="of-the-original")
        self.set_parameter("database.uuid", "made-by-odoo")
        self.assertEqual(self.attachments._store_standing(), Standing.FORK)
        self.assertIn("/made-by-odoo-", self.new(b"written at once").store_fname)
        self.assertTrue(self.collect()["refused"], "before its installation")

    def test_a_neutralized_copy_never_writes_and_reads_on(self):
        attachment = self.new(b"of the original")
        fname = self.deleted(b"marked")
        path = f"{get_module_path('base_attachment_object_storage')}/data/neutralize.sql"
        with open(path) as script:
            self.env.cr.execute(script.read())
        self.env.cr.commit()
        self.registry.clear_all_caches()
        self.env.invalidate_all()
        self.assertEqual(self.env["ir.config_parameter"].get_param(PARAMETER), NOBODY)
        self.assertEqual(attachment.raw, b"of the original")
        self.calls.clear()
        with self.assertRaisesRegex(Refused, "neutralized"):
            self.new(b"to the store")
        self.assertTrue(self.collect()["refused"])
        self.assertEqual(self.calls, [])
        self.assertTrue(self.exists(fname))
        before = self.attachments._object_owner()
        self.attachments._claim_store()
        self.assertNotEqual(self.attachments._object_owner(), before)
        self.assertTrue(self.new(b"of a fork").store_fname)

    def test_a_neutralized_copy_keeps_new_files_in_the_database(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("ir_attachment.location", self.scheme)
        with open(f"{get_module_path('base_attachment_object_storage')}/data/neutralize.sql") as s:
            self.env.cr.execute(s.read())
        self.env.invalidate_all()
        self.registry.clear_all_caches()
        self.assertEqual(parameters.get_param("ir_attachment.location"), "db")
        self.env.cr.rollback()
        self.registry.clear_all_caches()


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
