"""The commit gate: mixed in by each backend addon.

After any sequence of errors in a transaction, each committed row has its object, and each object
that the transaction stored has a row or a mark.
"""
# pylint: disable=invalid-commit

from contextlib import closing, suppress

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from ...garbage.marks import GARBAGE_TABLE
from ...ownership.keys import claim_key
from ...store import ObjectStore, StoreError, StoreUri, Unavailable
from ...upload import transaction
from ..transaction_setup import OWNER_LOG, TransactionSetUp

VALUES = {"name": "gate.bin", "mimetype": "application/pdf"}


class CommitSetUp(TransactionSetUp):
    """Failures within a transaction, and the conditions that hold after its commit."""

    def setUp(self):
        super().setUp()
        self.forget_what_was_seen()
        self.stored_before = set()
        self.stored_before = self.stored()

    # --- inside a create(), after its rows are written

    def after_insert(self, then):
        """Call ``then`` in the next ``create()`` after its rows are in the table."""
        model = self.registry["ir.attachment"]
        validate = model._validate_fields
        steps = [then]

        def validated(records, *args, **kwargs):
            validate(records, *args, **kwargs)
            if steps and records:
                steps.pop()(records)

        self.patch(model, "_validate_fields", validated)

    def refuse(self, _records):
        # pylint: disable-next=translation-required
        raise ValidationError("refused after the insert")

    def fail_for(self, bad):
        """Make the store unavailable for content that begins with ``bad``."""
        put = ObjectStore.put

        def failing(store, key, content, *args, **kwargs):
            if getattr(content, "source", content)[: len(bad)] == bad:
                raise Unavailable("no answer")
            put(store, key, content, *args, **kwargs)

        self.patch(ObjectStore, "put", failing)
        self.patch(ObjectStore, "begin_put", lambda *_args: None)

    # pylint: disable-next=method-required-super
    def create(self, attachments, *contents):
        return attachments.create([{**VALUES, "raw": raw} for raw in contents])

    def commit(self, attachments):
        """Commit and check the result; return False if the gate refused the commit."""
        try:
            with mute_logger(OWNER_LOG + ".ir_attachment"):
                attachments.env.cr.commit()
        except StoreError:
            attachments.env.cr.rollback()
            committed = False
        else:
            committed = True
        self.check_store()
        return committed

    def check_store(self):
        """Compare the committed rows and marks with the objects of this database."""
        stored = self.stored()
        with closing(self.registry._db.cursor()) as cursor:
            used, marked = self.names(cursor, "ir_attachment"), self.names(cursor, GARBAGE_TABLE)
        self.assertEqual({*filter(self.exists, used)}, used, "rows without an object")
        self.assertEqual(stored - used - marked, set(), "objects without a row or a mark")

    def stored(self):
        store = self.make_store()
        prefix = f"{self.attachments._object_owner()}/"
        keys = {info.key for info in store.list(prefix)} - {claim_key(prefix[:-1])}
        names = {str(StoreUri(self.scheme, store.container, key)) for key in keys}
        return names - self.stored_before

    def names(self, cursor, table):
        cursor.execute(
            f"SELECT store_fname FROM {table} WHERE store_fname LIKE %s", (f"{self.scheme}://%",)
        )
        return {name for (name,) in cursor.fetchall()}


class CommitContract(CommitSetUp):
    """Transactions that are committed, and transactions that are refused."""

    def test_rows_of_a_create_that_was_refused_after_the_insert_have_their_objects(self):
        attachments = self.session()
        self.after_insert(self.refuse)
        with suppress(ValidationError):  # assertRaises() of Odoo would roll back
            self.create(attachments, *(b"refused %d" % number for number in range(5)))
        self.assertTrue(self.commit(attachments))
        self.assertEqual(self.session().search_count([("name", "=", "gate.bin")]), 5)

    def test_a_write_within_a_create_that_fails_keeps_its_content(self):
        attachments = self.session()
        other = self.create(attachments, b"other before")
        attachments.env.cr.commit()

        def write_and_fail(_records):
            other.write({"raw": b"other after"})
            # pylint: disable-next=translation-required
            raise ValidationError("refused after the write")

        self.after_insert(write_and_fail)
        with suppress(ValidationError):
            self.create(attachments, b"one", b"two")
        self.assertTrue(self.commit(attachments))
        self.assertEqual(self.read_object(self.session().browse(other.id)), b"other after")

    def test_a_nested_create_that_fails_drops_no_upload_of_the_outer_one(self):
        for limit in (transaction.WAITING_BYTES, 1000):
            with self.subTest(limit=limit):
                self.patch(transaction, "WAITING_BYTES", limit)
                self.fail_for(b"bad")
                attachments = self.session()

                def fail_inside(records):
                    with suppress(Unavailable), mute_logger(OWNER_LOG + ".ir_attachment"):
                        self.create(records.browse(), b"bad" * 1000, b"other" * 1000)

                self.after_insert(fail_inside)
                outer = self.create(attachments, b"outer %d" % limit, b"outer too %d" % limit)
                self.assertTrue(self.commit(attachments))
                self.assertEqual(self.read_object(outer[0]), b"outer %d" % limit)

    def test_the_outer_create_reports_its_own_failure(self):
        self.patch(transaction, "WAITING_BYTES", 1000)
        self.fail_for(b"bad")
        attachments = self.session()
        self.after_insert(lambda records: self.create(records.browse(), b"inner" * 1000))
        with mute_logger(OWNER_LOG + ".ir_attachment"), suppress(Unavailable):
            self.create(attachments, b"good", b"bad of the outer one")
            self.fail("the failure was not reported")
        self.assertTrue(self.commit(attachments))

    def test_a_commit_is_refused_where_a_row_has_no_object(self):
        self.fail_for(b"bad")
        attachments = self.session()
        model = self.registry["ir.attachment"]
        self.patch(model, "_forget_rows", lambda _records: None)  # as if a row stayed behind
        with mute_logger(OWNER_LOG + ".ir_attachment"), suppress(Unavailable):
            self.create(attachments, b"bad")
        self.assertFalse(self.commit(attachments))
        self.assertEqual(self.session().search_count([("name", "=", "gate.bin")]), 0)

    # --- chosen keys

    def new_under(self, key, attachments, raw):
        chosen = attachments.with_context(force_storage_key=key)
        return chosen.create({**VALUES, "raw": raw})

    def test_a_transaction_that_is_rolled_back_has_replaced_nothing(self):
        for content in (b"committed", b"never committed"):
            attachments = self.session()
            attachment = self.new_under("chosen/replaced.pdf", attachments, content)
            fname = attachment.store_fname
            if content == b"committed":
                committed = fname
                attachments.env.cr.commit()
            else:
                self.assertNotEqual(fname, committed)
                attachments.env.cr.rollback()
        self.assertEqual(self.attachments._file_read(committed), b"committed")

    def test_two_transactions_that_choose_one_key_keep_their_contents(self):
        sessions = [self.session(), self.session()]
        new = [
            self.new_under("chosen/by two.pdf", session, b"of session %d" % number)
            for number, session in enumerate(sessions)
        ]
        self.assertEqual(len({attachment.store_fname for attachment in new}), 2)
        for session in sessions:
            session.env.cr.commit()
        for number, attachment in enumerate(new):
            self.assertEqual(self.read_object(attachment), b"of session %d" % number)

    def test_a_key_whose_folder_is_not_its_digests_is_never_collected(self):
        # the writer locks another shard than the shard of the folder
        owner, digest = self.attachments._object_owner(), "cd" + "ab" * 31
        attachments = self.session()
        attachment = self.new_under(f"{owner}/ef/{digest}", attachments, b"foreign folder")
        fname = attachment.store_fname
        attachments.env.cr.commit()
        attachment.unlink()
        attachments.env.cr.commit()
        self.collect()
        self.assertTrue(self.exists(fname))
        self.new_under(f"{owner}/ef/{digest}", attachments, b"foreign folder")
        attachments.env.cr.commit()
        self.assertTrue(self.exists(fname))

    # --- savepoints

    def roll_back_to_savepoint(self, cursor, way):
        """Return a function that rolls back to here, in one of the forms that Odoo code uses."""
        if way == "SQL":
            cursor.execute("SAVEPOINT gate")
            return lambda: cursor.execute("ROLLBACK TO SAVEPOINT gate")
        savepoint = cursor.savepoint(flush=way == "flush")
        return lambda: savepoint.close(rollback=True)

    def test_an_object_that_was_collected_after_a_savepoint_is_not_committed(self):
        for way in ("flush", "no flush", "SQL"):
            with self.subTest(way):
                contents = [b"first " + way.encode(), b"second " + way.encode()]
                for content in contents:
                    self.deleted(content)
                attachments = self.session()

                def lose_lock(records, way=way):
                    roll_back = self.roll_back_to_savepoint(records.env.cr, way)
                    self.create(records.browse(), b"inner")
                    roll_back()
                    self.collect()

                self.after_insert(lose_lock)
                self.create(attachments, *contents)
                # Odoo's own savepoints begin with a flush: the lock is older than the savepoint
                self.assertEqual(self.commit(attachments), way == "flush")

    def test_an_object_whose_lock_came_back_is_committed(self):
        attachments = self.session()

        def lose_lock(records):
            roll_back = self.roll_back_to_savepoint(records.env.cr, "SQL")
            self.create(records.browse(), b"inner")
            roll_back()

        self.after_insert(lose_lock)
        self.create(attachments, b"first", b"second")
        self.assertTrue(self.commit(attachments))

    def test_each_object_of_a_rolled_back_savepoint_gets_a_mark(self):
        for way in ("flush", "no flush", "SQL"):
            for released in (False, True):
                with self.subTest(way, released=released):
                    attachments = self.session()
                    cursor = attachments.env.cr
                    before = self.create(attachments, b"before " + way.encode()).store_fname
                    roll_back = self.roll_back_to_savepoint(cursor, way)
                    if released:
                        with cursor.savepoint():
                            inside = self.create(attachments, b"inside " + way.encode())
                    else:
                        inside = self.create(attachments, b"inside " + way.encode())
                    name = inside.store_fname
                    roll_back()
                    attachments.env.invalidate_all()
                    self.assertTrue(self.commit(attachments))
                    self.assertTrue(self.committed_marks(name))
                    self.assertFalse(self.committed_marks(before))
                    self.collect()

    def test_a_row_that_was_replaced_before_the_commit_leaves_a_mark(self):
        attachments = self.session()
        attachment = self.create(attachments, b"a moment")
        name = attachment.store_fname
        attachment.write({"raw": b"at last"})
        self.assertTrue(self.commit(attachments))
        self.assertTrue(self.committed_marks(name))

    def test_what_was_stored_without_a_row_gets_a_mark(self):
        attachments = self.session()
        name = attachments._upload(b"for no row")
        self.assertTrue(self.commit(attachments))
        self.assertTrue(self.committed_marks(name))

        def refuse(*_args):
            # pylint: disable-next=translation-required
            raise ValidationError("refused before the insert")

        self.patch(self.registry["ir.attachment"], "_add_missing_default_values", refuse)
        with suppress(ValidationError):
            self.create(attachments, b"one without a row", b"two without a row")
        self.assertTrue(self.commit(attachments))

    def test_a_lost_connection_leaves_marks(self):
        attachments = self.session()
        name = self.create(attachments, b"lost connection").store_fname
        cursor = attachments.env.cr
        self.env.cr.execute("SELECT pg_terminate_backend(%s)", (cursor._cnx.info.backend_pid,))
        with suppress(Exception), mute_logger("odoo.sql_db"):
            cursor.execute("SELECT 1")
        with suppress(Exception):
            cursor.rollback()
        self.assertTrue(self.committed_marks(name))
