"""Attachments on the memory store."""

from odoo.tests import TransactionCase, tagged

from ..store import StoreUri
from ..store.testing import MemoryStore
from .attachment_setup import AttachmentSetUp
from .contracts.attachment import AttachmentContract
from .contracts.binary_field import BinaryFieldContract
from .contracts.move import MoveContract
from .contracts.spill import SpillContract


class MemorySetUp:
    scheme = "memory"
    other_container = "other"

    def setUp(self):
        self.server = {}
        self.make_store().create_container()
        super().setUp()

    def make_store(self, container=None):
        return MemoryStore(container or "main", self.server)


@tagged("post_install", "-at_install")
class TestAttachment(MemorySetUp, AttachmentContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestBinaryField(MemorySetUp, BinaryFieldContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestMove(MemorySetUp, MoveContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestSpill(MemorySetUp, SpillContract, TransactionCase):
    pass


@tagged("post_install", "-at_install")
class TestOldHooks(AttachmentSetUp, TransactionCase):
    """A store that has only the hooks of the old suite, like stores of third parties."""

    scheme = "hooked"

    def setUp(self):
        super().setUp()
        self.files = files = {}
        model = self.registry["ir.attachment"]

        def write(records, key, bin_data):
            fname = str(StoreUri("hooked", "c", key))
            files[fname] = bin_data
            return fname

        self.patch(model, "_store_file_write", write)
        self.patch(model, "_store_file_read", lambda records, fname: files.get(fname, ""))

    def counted_store(self, scheme, container=None):
        return None

    def test_it_writes_reads_deletes_and_is_moved_to(self):
        self.env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
        attachment = self.new(b"hooked")
        fname = attachment.store_fname
        self.assertEqual(self.files, {fname: b"hooked"})
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"hooked")
        self.set_location("db")
        moved = self.new(b"to move")
        self.set_location("hooked")
        self.assertEqual(self.attachments.force_storage()["moved"], 1)
        self.assertEqual(self.files[moved.store_fname], b"to move")
        attachment.unlink()
        self.assertEqual(self.marks(fname), 1)
        self.assertIn(fname, self.files)
