"""What attachments do with a store, whatever the store: mixed in by each backend addon."""

import base64
import hashlib
import io
import os
import resource
from contextlib import suppress
from copy import deepcopy

from PIL import Image

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from .. import uploads
from ..beside import RecentlySeen
from ..models.ir_attachment_move import BATCH
from ..ownership import PARAMETER as OWNER_PARAMETER
from ..placement import PARAMETER
from ..settings import StorageSettings
from ..shards import count_collection
from ..store import Integrity, NotFound, StoreError, StoreUri, Unavailable

LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment"
CORE_LOG = "odoo.addons.base.models.ir_attachment"
MOVE_LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment_move"


def noise(size, image_format="PNG"):
    """Return an image of ``size`` that no encoder makes small."""
    width, height = size
    pixels = hashlib.shake_128(b"noise").digest(width * height * 3)
    with io.BytesIO() as buffer:
        Image.frombytes("RGB", size, pixels).save(buffer, image_format)
        return buffer.getvalue()


class StoreCounter:
    """An object store that counts what it passes on to another."""

    def __init__(self, store, calls):
        self._store = store
        self._calls = calls

    def __getattr__(self, name):
        if name in ("put", "open", "read", "head", "exists", "delete_many", "list"):
            self._calls.append(name)
        return getattr(self._store, name)

    def begin_put(self, *args):
        finish = self._store.begin_put(*args)
        self._calls += ["put"] * bool(finish)
        return finish


class AttachmentSetUp:
    """Mixed into a test case that sets ``scheme`` and has ``make_store(container=None)``.

    Without a container that is the store for new objects.
    """

    # Odoo 18.0 and later run inherited tests only where this says so
    allow_inherited_tests_method = True

    def setUp(self):
        super().setUp()
        self.attachments = self.env["ir.attachment"]
        self.calls = []
        model = self.registry["ir.attachment"]
        stores = sorted({self.scheme, *self.attachments._get_stores()})
        self.patch(model, "_get_stores", lambda records: stores)
        self.patch(model, "_get_object_store", lambda records, *place: self.counted_store(*place))
        # a new test has a new store
        self.patch(uploads, "recently_seen", RecentlySeen(600, 10_000))
        self.set_location(self.scheme)
        self.forget_owner()

    def forget_what_was_seen(self):
        """Have the process know nothing of what is in the store, but by a transaction."""
        self.patch(uploads, "recently_seen", RecentlySeen(0, 1))

    def forget_owner(self):
        """Have a database that may write, whatever it is outside of the tests."""
        self.env["ir.config_parameter"].sudo().set_param(OWNER_PARAMETER, False)

    def counted_store(self, scheme, container=None):
        if scheme == self.scheme:
            return StoreCounter(self.make_store(container), self.calls)
        return None

    def set_location(self, location):
        self.env["ir.config_parameter"].sudo().set_param("ir_attachment.location", location)

    def disable_storage(self):
        settings = StorageSettings(DISABLE_ATTACHMENT_STORAGE="1")
        model = self.registry["ir.attachment"]
        self.patch(model, "_attachment_storage_settings", lambda records: settings)

    def new(self, raw, **values):
        return self.attachments.create(
            {"name": "file.bin", "mimetype": "application/pdf", "raw": raw, **values}
        )

    def read_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        return self.make_store(uri.container).read(uri.key)

    def lose_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).delete_many([uri.key])
        self.env.invalidate_all()

    def marks(self, attachment_or_fname):
        fname = getattr(attachment_or_fname, "store_fname", attachment_or_fname)
        return self.env["ir.attachment.garbage"].search_count([("store_fname", "=", fname)])

    def columns(self, attachment):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT store_fname, db_datas IS NULL, checksum, file_size, write_date"
            " FROM ir_attachment WHERE id = %s",
            (attachment.id,),
        )
        return self.env.cr.fetchone()


class AttachmentContract(AttachmentSetUp):
    """Write, read, copy, delete, rollback and switching the storage off."""

    # --- write

    def test_a_new_attachment_is_an_object_before_it_is_a_row(self):
        attachment = self.new(b"content of a file")
        self.assertTrue(attachment.store_fname.startswith(f"{self.scheme}://"))
        self.assertFalse(attachment.db_datas)
        self.assertEqual(self.read_object(attachment), b"content of a file")
        self.assertEqual(attachment.checksum, hashlib.sha1(b"content of a file").hexdigest())
        self.assertEqual(attachment.file_size, 17)
        self.assertEqual(self.calls, ["put"])

    def test_a_key_is_owned_by_the_database_and_named_by_content(self):
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        digest = hashlib.sha256(b"named").hexdigest()
        uri = StoreUri.parse(self.new(b"named").store_fname)
        self.assertRegex(uri.key, f"^{uuid}-[0-9a-f]{{16}}/{digest[:2]}/{digest}$")

    def test_what_the_rule_keeps_is_in_the_database_and_never_uploaded(self):
        kept = self.new(b"body {}", mimetype="text/css", name="a.css")
        self.assertFalse(kept.store_fname)
        self.assertEqual(kept.db_datas, b"body {}")
        self.assertEqual(self.calls, [])

    def test_each_content_is_uploaded_once_in_a_transaction(self):
        values = [
            {"name": f"{number}.bin", "mimetype": "application/pdf", "raw": raw}
            for number, raw in enumerate([b"same", b"same", b"other"])
        ]
        first = self.attachments.create(values)
        self.assertEqual(len(set(first.mapped("store_fname"))), 2)
        self.new(b"same")
        self.assertEqual(self.calls, ["put", "put"])

    def test_writing_content_stores_the_new_and_marks_the_old(self):
        attachment = self.new(b"old")
        old = attachment.store_fname
        attachment.write({"raw": b"new"})
        self.assertEqual(self.read_object(attachment), b"new")
        self.assertTrue(self.marks(old))
        self.assertFalse(self.marks(attachment))
        attachment.write({"datas": base64.b64encode(b"newer")})
        self.assertEqual(self.read_object(attachment), b"newer")

    def test_content_that_becomes_one_for_the_database_leaves_the_store(self):
        attachment = self.new(b"x" * 20)
        old = attachment.store_fname
        attachment.write({"raw": b"body {}", "mimetype": "text/css"})
        self.assertFalse(attachment.store_fname)
        self.assertEqual(attachment.raw, b"body {}")
        self.assertTrue(self.marks(old))

    def test_an_empty_attachment_needs_no_object(self):
        self.assertFalse(self.new(b"").store_fname)
        self.assertEqual(self.calls, [])

    def test_a_wrong_rule_is_an_error_that_names_the_parameter(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(PARAMETER, "{}")
        with self.assertRaisesRegex(ValidationError, PARAMETER), self.env.cr.savepoint():
            parameters.set_param(PARAMETER, '{"image/": "much"}')
        # as one that was written before this addon was installed
        self.env.cr.execute(
            "UPDATE ir_config_parameter SET value = 'much' WHERE key = %s", (PARAMETER,)
        )
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        with self.assertRaisesRegex(ValidationError, PARAMETER):
            self.new(b"x")

    def test_the_context_chooses_place_and_key(self):
        self.set_location("db")
        chosen = self.attachments.with_context(
            storage_location=self.scheme, force_storage_key="a key + of my own"
        )
        attachment = chosen.create({"name": "a", "mimetype": "application/pdf", "raw": b"chosen"})
        self.assertEqual(StoreUri.parse(attachment.store_fname).key, "a key + of my own")
        self.assertEqual(attachment.with_context(storage_location=None).raw, b"chosen")
        self.assertEqual(self.calls.count("put"), 1)

    def test_a_key_of_the_context_always_gets_the_latest_content(self):
        forced = self.attachments.with_context(force_storage_key="folder/a.pdf")
        attachment = forced.create({"name": "a.pdf", "mimetype": "application/pdf", "raw": b"1"})
        large = (b"1" * 300_000, b"2" * 300_000)
        for content in (b"2", b"1", *large, large[0]):
            attachment.raw = content
            self.assertEqual(self.read_object(attachment), content)

    def test_a_key_of_the_context_replaces_no_file_of_another_row(self):
        # any user who calls a method has the context
        owned = self.new(b"of the firm")
        claim = self.attachments._present_owner().claim_key
        chosen = self.attachments.with_context(force_storage_key="flat")
        flat = chosen.create({"name": "a", "mimetype": "application/pdf", "raw": b"flat"})
        other = StoreUri.parse(owned.store_fname).key
        for key in (other, f"/folder/../{other}", "flat", "./flat", claim, f"/{claim}"):
            with self.subTest(key), self.assertRaisesRegex(UserError, "another name"):
                self.attachments.with_context(force_storage_key=key).create(
                    {"name": "a", "mimetype": "application/pdf", "raw": b"forged"}
                )
        self.assertEqual(self.read_object(owned), b"of the firm")
        self.assertEqual(self.read_object(flat), b"flat")
        values = {"name": "b", "mimetype": "application/pdf"}
        with self.assertRaises(UserError):
            self.attachments.with_context(force_storage_key="both").create(
                [{**values, "raw": b"one"}, {**values, "raw": b"two"}]
            )
        same = chosen.create({**values, "raw": b"flat"})
        self.assertEqual(same.store_fname, flat.store_fname)

    def test_a_test_case_may_copy_what_a_transaction_has_uploaded(self):
        # as Odoo's own do in setUp(), after a class has made its records
        self.forget_what_was_seen()
        self.new(b"of the class")
        kept = deepcopy(self.env.cr.postrollback.data)
        self.new(b"of a test")
        self.calls.clear()
        self.env.cr.postrollback.data.clear()
        self.env.cr.postrollback.data.update(kept)
        self.new(b"of the class")
        self.assertEqual(self.calls, [])
        self.new(b"of a test")
        self.assertEqual(self.calls, ["put"])

    def test_after_a_rollback_to_a_savepoint_content_is_uploaded_again(self):
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            lost = self.new(b"rolled back").store_fname
            raise ZeroDivisionError
        uri = StoreUri.parse(lost)
        count_collection(self.env.cr)
        self.make_store(uri.container).delete_many([uri.key])
        attachment = self.new(b"rolled back")
        self.assertEqual(self.read_object(attachment), b"rolled back")

    def test_a_commit_or_rollback_forgets_what_was_uploaded(self):
        with self.registry.cursor() as cr:
            attachments = self.env(cr=cr)["ir.attachment"].with_context(
                storage_location=self.scheme
            )
            for end in (cr.rollback, cr.commit, cr.rollback):
                values = {"name": "a", "mimetype": "application/pdf", "raw": b"in its own cursor"}
                attachment = attachments.create(values)
                self.assertEqual(self.read_object(attachment), b"in its own cursor")
                uri = StoreUri.parse(attachment.store_fname)
                if end == cr.commit:
                    attachment.unlink()
                end()
                count_collection(cr)
                self.make_store(uri.container).delete_many([uri.key])
            cr.execute("DELETE FROM ir_attachment_garbage WHERE store_fname = %s", (str(uri),))

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

    @mute_logger(LOG)
    def test_a_missing_object_reads_as_empty_as_a_missing_file_does(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        self.assertEqual(attachment.raw, b"")

    def test_a_missing_object_is_logged(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        with self.assertLogs(LOG, "WARNING") as logs:
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

    # --- emptiness never spreads

    @mute_logger(LOG)
    def test_a_copy_of_a_missing_object_is_refused(self):
        attachment = self.new(b"lost")
        self.lose_object(attachment)
        attachment.mapped("raw")  # the cache now says empty
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
        """Return what makes the store fail for an attachment, by name; backends add theirs."""
        return {"a missing object": self.lose_object, "other bytes": self.change_object}

    def change_object(self, attachment):
        uri = StoreUri.parse(attachment.store_fname)
        self.make_store(uri.container).put(uri.key, b"other bytes")

    def uses_that_store_again(self, attachment):
        """Return everything that stores what it has read."""
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


class MoveContract(AttachmentSetUp):
    """Moving between the database, local files and the store."""

    def setUp(self):
        super().setUp()
        # what the modules under test have brought along is not what is tested here
        self.env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        self.env.invalidate_all()

    def created_at(self, location, raw, **values):
        self.set_location(location)
        attachment = self.new(raw, **values)
        self.set_location(self.scheme)
        return attachment

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
        (row,) = self.attachments._rows_to_move(0)
        attachment.with_context(storage_location="db").write({"raw": b"after"})
        self.env.flush_all()
        fname = f"{self.scheme}://c/of-before"
        self.assertFalse(self.attachments._swap_content(row, fname, None))
        self.env.invalidate_all()
        self.assertEqual((attachment.raw, attachment.store_fname), (b"after", False))

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
        other = self.make_store(self.other_container)
        other.create_container()
        other.put("flat", b"elsewhere")
        attachment = self.new(b"elsewhere")
        old = f"{self.scheme}://{self.other_container}/flat"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (old, attachment.id)
        )
        self.env.invalidate_all()
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.assertNotEqual(attachment.store_fname, old)
        self.assertEqual(self.read_object(attachment), b"elsewhere")
        self.assertEqual(self.marks(old), 1)
        self.assertEqual(other.read("flat"), b"elsewhere")

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

    def test_a_plan_counts_and_touches_nothing(self):
        attachment = self.created_at("db", b"planned")
        self.created_at("file", b"planned too")
        before = self.columns(attachment)
        self.calls.clear()
        plan = self.attachments._plan_move()
        self.assertEqual((plan["files"], plan["bytes"]), (2, 18))
        self.assertEqual(plan["places"]["db"], {"files": 1, "bytes": 7})
        self.assertEqual((self.columns(attachment), self.calls), (before, []))

    def many_in_the_database(self, count):
        values = {"name": "a", "mimetype": "application/pdf"}
        self.set_location("db")
        self.attachments.create([{**values, "raw": b"%d" % n} for n in range(count)])
        self.set_location(self.scheme)

    def test_a_move_tells_how_far_it_is_and_stops_when_told(self):
        total = BATCH + 50
        self.many_in_the_database(total)
        told = []

        def stop(report):
            told.append((report.total, report.rate > 0, report.seconds_left >= 0))
            return True

        report = self.attachments._move(progress=stop)
        self.assertEqual(set(told), {(total, True, True)})
        self.assertFalse(report.complete)
        self.assertIn(report.moved, range(1, total))
        rest = self.attachments._move()
        self.assertEqual((rest.moved, rest.complete), (total - report.moved, True))

    def test_a_move_ends_at_its_limits(self):
        self.many_in_the_database(30)
        self.assertEqual(self.attachments._move(limit=7).moved, 7)
        report = self.attachments._move(limit_bytes=4)
        self.assertFalse(report.complete)
        self.assertIn(report.bytes, range(4, 6))
        self.assertTrue(self.attachments._move(verify=True).complete)

    def test_a_move_that_verifies_reads_what_it_has_stored(self):
        self.created_at("db", b"read again")
        self.calls.clear()
        self.attachments._move(verify=True)
        self.assertEqual(self.calls, ["put", "open"])

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

    def test_a_target_that_fails_ends_the_move_with_a_report_of_what_was_done(self):
        self.many_in_the_database(40)
        done = []
        make_put = self.registry["ir.attachment"]._make_put

        def failing(records, place):
            put = make_put(records, place)

            def fail(content, mimetype):
                if len(done) >= 5:
                    raise Unavailable("no answer")
                done.append(content.sha1)
                return put(content, mimetype)

            return fail

        self.patch(self.registry["ir.attachment"], "_make_put", failing)
        report = None
        with mute_logger(LOG, MOVE_LOG):
            try:
                self.attachments._move()
            except Unavailable as error:  # assertRaises() would roll back, on 17.0
                report = error.report
        self.assertEqual((report.complete, report.failed, report.total), (False, [], 40))
        self.env.cr.execute(
            "SELECT count(*) FROM ir_attachment WHERE store_fname LIKE '%://%' AND type = 'binary'"
        )
        self.assertEqual(self.env.cr.fetchone(), (report.moved,))

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

    def test_what_an_update_stored_before_this_addon_loaded_is_moved(self):
        attachment = self.created_at("file", b"stored by a module that loads first")
        self.patch(self.registry, "updated_modules", [])
        self.attachments._register_hook()
        self.assertNotIn("://", attachment.store_fname)
        self.registry.updated_modules.append("base")
        self.attachments._register_hook()
        self.assertEqual(self.read_object(attachment), attachment.raw)

    def test_an_update_fetches_no_object_of_another_container(self):
        other = self.make_store(self.other_container)
        other.create_container()
        other.put("flat", b"of the original")
        attachment = self.new(b"of the original")
        old = f"{self.scheme}://{self.other_container}/flat"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET store_fname = %s WHERE id = %s", (old, attachment.id)
        )
        self.env.invalidate_all()
        self.patch(self.registry, "updated_modules", ["base"])
        self.calls.clear()
        self.attachments._register_hook()
        self.assertEqual((attachment.store_fname, self.calls), (old, []))

    @mute_logger(LOG)
    def test_an_update_ends_well_while_the_store_is_down(self):
        def fail(content, mimetype):
            raise Unavailable("no answer")

        attachment = self.created_at("file", b"stored by a module that loads first")
        self.patch(self.registry, "updated_modules", ["base"])
        self.patch(self.registry["ir.attachment"], "_make_put", lambda records, place: fail)
        with self.assertLogs(MOVE_LOG, "ERROR") as logs:
            self.attachments._register_hook()
        self.assertIn("force_storage()", logs.output[0])
        self.env.invalidate_all()
        self.assertNotIn("://", attachment.store_fname)

    def test_the_context_chooses_where_to_move(self):
        attachment = self.created_at("db", b"by context")
        self.set_location("db")
        report = self.attachments.with_context(storage_location=self.scheme).force_storage()
        self.assertEqual(report["moved"], 1)
        self.assertEqual(self.read_object(attachment), b"by context")

    def test_only_administrators_move(self):
        user = self.env.ref("base.public_user")
        with self.assertRaises(AccessError):
            self.attachments.with_user(user).force_storage()
