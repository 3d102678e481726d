from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

MOVE_LOG = "odoo.addons.base_attachment_object_storage.models.ir_attachment_move"


@tagged("post_install", "-at_install")
class TestOldHooks(TransactionCase):
    def setUp(self):
        super().setUp()
        # attachments of other modules are not tested here
        self.env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        self.env.invalidate_all()
        self.attachments = self.env["ir.attachment"]
        self.set_location("folder")

    def set_location(self, location):
        self.env["ir.config_parameter"].set_param("ir_attachment.location", location)

    def new(self, raw, **context):
        values = {"name": "a.pdf", "mimetype": "application/pdf", "raw": raw}
        return self.attachments.with_context(**context).create(values)

    def is_there(self, fname):
        return self.attachments._path_of(fname).exists()

    def test_it_writes_and_reads(self):
        attachment = self.new(b"by the old hooks")
        self.assertTrue(attachment.store_fname.startswith("folder://files/"))
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"by the old hooks")
        attachment.write({"raw": b"and again"})
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"and again")

    def test_the_context_chooses_place_and_key(self):
        self.set_location("db")
        attachment = self.new(b"x", storage_location="folder", force_storage_key="mine")
        self.assertEqual(attachment.store_fname, "folder://files/mine")

    def test_a_deleted_row_leaves_a_mark_and_the_collections_way_deletes_the_file(self):
        attachment = self.new(b"deleted in the end")
        fname = attachment.store_fname
        attachment.unlink()
        marks = self.env["ir.attachment.garbage"].search_count([("store_fname", "=", fname)])
        self.assertEqual(marks, 1)
        self.assertTrue(self.is_there(fname))
        delete = self.attachments._make_delete(self.attachments._present_owner())
        self.assertEqual(delete([fname]), {})
        self.assertFalse(self.is_there(fname))

    def test_it_is_moved_to_and_from(self):
        self.set_location("db")
        attachments = self.new(b"one") + self.new(b"two")
        for location in ("folder", "file", "folder", "db"):
            with self.subTest(location):
                self.set_location(location)
                report = self.attachments.force_storage()
                self.assertEqual((report["moved"], report["failed"]), (2, []))
                self.env.invalidate_all()
                self.assertEqual(attachments.mapped("raw"), [b"one", b"two"])
                is_folder = ["folder://" in (row.store_fname or "") for row in attachments]
                self.assertEqual(is_folder, [location == "folder"] * 2)

    @mute_logger(MOVE_LOG)
    def test_what_is_missing_is_reported_and_left_alone(self):
        lost, kept = self.new(b"lost"), self.new(b"kept")
        fname = lost.store_fname
        self.attachments._path_of(fname).unlink()
        self.env.invalidate_all()
        self.set_location("db")
        report = self.attachments.force_storage()
        self.assertEqual([number for number, _reason in report["failed"]], [lost.id])
        self.env.invalidate_all()
        self.assertEqual((lost.store_fname, kept.raw), (fname, b"kept"))
