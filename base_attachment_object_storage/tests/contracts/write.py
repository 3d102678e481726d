"""Writing content to a store: mixed in by each backend addon."""

import base64
import hashlib
from copy import deepcopy

from odoo.exceptions import UserError, ValidationError

from ...garbage.locks import count_collection
from ...ownership.keys import is_owned
from ...store import StoreUri
from ...upload.placement import PARAMETER
from ..attachment_setup import AttachmentSetUp


class WriteContract(AttachmentSetUp):
    """The objects of attachments, their keys, and the number of uploads."""

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
        # like a row that was written before this addon was installed
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
        owned = self.new(b"of the firm")
        claim = self.attachments._present_owner().claim_key
        other = StoreUri.parse(owned.store_fname).key
        for key in (other, f"/folder/../{other}", claim, f"/{claim}"):
            with self.subTest(key), self.assertRaisesRegex(UserError, "another name"):
                self.new_under(key, b"forged")
        self.assertEqual(self.read_object(owned), b"of the firm")

    def test_content_under_a_chosen_key_never_changes(self):
        flat = self.new_under("flat", b"flat")
        for key in ("flat", "./flat"):
            with self.subTest(key):
                other = self.new_under(key, b"other, " + key.encode())
                self.assertNotEqual(other.store_fname, flat.store_fname)
                self.assertEqual(self.read_object(other), b"other, " + key.encode())
                self.assertEqual(self.read_object(flat), b"flat")
        self.assertEqual(self.new_under("flat", b"flat").store_fname, flat.store_fname)

    def test_a_chosen_key_for_two_contents_goes_to_the_first(self):
        values = {"name": "b", "mimetype": "application/pdf"}
        one, two = self.attachments.with_context(force_storage_key="both").create(
            [{**values, "raw": b"one"}, {**values, "raw": b"two"}]
        )
        self.assertEqual(StoreUri.parse(one.store_fname).key, "both")
        self.assertTrue(is_owned(StoreUri.parse(two.store_fname).key))
        self.assertEqual([*map(self.read_object, one + two)], [b"one", b"two"])

    def test_an_object_that_no_row_has_is_not_replaced_either(self):
        # for example of another database in the same bucket
        self.make_store().put("folder/a.pdf", b"of the original")
        attachment = self.new_under("folder/a.pdf", b"of the copy")
        self.assertTrue(is_owned(StoreUri.parse(attachment.store_fname).key))
        self.assertEqual(self.read_object(attachment), b"of the copy")
        self.assertEqual(self.make_store().read("folder/a.pdf"), b"of the original")

    def test_a_chosen_key_in_the_form_of_another_owners_is_not_used(self):
        digest = hashlib.sha256(b"mine").hexdigest()
        attachment = self.new_under(f"another-owner/{digest[:2]}/{digest}", b"mine")
        owner = self.attachments._object_owner()
        self.assertTrue(StoreUri.parse(attachment.store_fname).key.startswith(f"{owner}/"))

    def new_under(self, key, raw):
        chosen = self.attachments.with_context(force_storage_key=key)
        return chosen.create({"name": "a", "mimetype": "application/pdf", "raw": raw})

    def test_content_may_be_any_kind_of_bytes(self):
        for kind in (bytes, bytearray, memoryview):
            with self.subTest(kind.__name__):
                raw = b"content of a " + kind.__name__.encode()
                attachment = self.new(kind(raw))
                self.assertEqual(self.read_object(attachment), raw)
                attachment.write({"raw": kind(raw * 2)})
                self.assertEqual(self.read_object(attachment), raw * 2)
                attachment.raw = kind(raw * 3)
                self.assertEqual(self.read_object(attachment), raw * 3)
                self.assertEqual(attachment.checksum, hashlib.sha1(raw * 3).hexdigest())

    def test_a_test_case_may_copy_what_a_transaction_has_uploaded(self):
        # like Odoo's own tests in setUp(), after the class has created its records
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
