"""The uploads of a transaction, and their outcomes: mixed in by each backend addon."""
# pylint: disable=invalid-commit

import threading

from odoo.tools import mute_logger

from ...store import ObjectStore, StoreUri, Unavailable
from ...upload.garbage_marker import RecentlySeen
from ...upload.transaction import WAITING_BYTES, Uploads
from ..transaction_setup import OWNER_LOG, TransactionSetUp


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
        # the first upload starts at once, because it is often the only one; one lock for others
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

        def waiting_bytes(uploads):
            return sum(upload.size for upload in uploads._waiting.values())

        self.patch(
            Uploads,
            "_begin",
            lambda uploads: sent.append(waiting_bytes(uploads)) or begin(uploads),
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
        with self.attachments._uploads().together():
            contents = [b"on its way", b"not sent yet"]
            fnames = [self.attachments._upload(content) for content in contents]
            self.assertEqual([*map(self.exists, fnames)], [False, False])
            self.assertEqual([*map(self.attachments._file_read, fnames)], contents)
            may_go.set()
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
        """Make uploads wait for an event; return an event that is set while they wait."""
        put = ObjectStore.put
        begun = threading.Event()

        def delayed(store, *args, **kwargs):
            begun.set()
            until.wait(10)
            put(store, *args, **kwargs)

        self.patch(ObjectStore, "put", delayed)
        self.patch(ObjectStore, "begin_put", lambda *_args: None)  # so it runs in a thread
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
        older.search([], limit=1)  # takes its snapshot
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
        with uploads_.together():
            outer = [self.attachments._upload(b"outer %d" % number) for number in range(2)]
            with self.assertRaises(ZeroDivisionError), uploads_.together():
                self.attachments._upload(b"inner, in vain")
                raise ZeroDivisionError
            with uploads_.together():
                inner = self.attachments._upload(b"inner")
            self.assertTrue(self.exists(inner))
            outer.append(self.attachments._upload(b"outer again"))
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
            store.begin_put = lambda *_args: None  # it fails after the rows were written
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
        log = "odoo.addons.base_attachment_object_storage.upload.garbage_marker"
        with self.assertLogs(log, "WARNING") as logs:
            attachments.env.cr.rollback()
        self.assertIn(self.scheme, logs.output[0])
