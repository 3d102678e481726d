"""Attachments on the real server."""

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.store import StoreUri, Unavailable
from odoo.addons.base_attachment_object_storage.tests.attachment_contract import (
    AttachmentContract,
)
from odoo.addons.base_attachment_object_storage.tests.attachment_setup import LOG
from odoo.addons.base_attachment_object_storage.tests.move_contract import MoveContract
from odoo.addons.base_attachment_object_storage.tests.read_only_contract import (
    ReadOnlyContract,
)
from odoo.addons.base_attachment_object_storage.tests.uninstall_contract import (
    UninstallContract,
)

from ..store import S3Store
from .common import ClosedPort, S3SetUp


@tagged("post_install", "-at_install")
class TestRegistration(S3SetUp, TransactionCase):
    """The addon as it stands, with the settings of the environment."""

    def test_s3_takes_and_gives_attachments(self):
        attachments = self.env["ir.attachment"].with_context(storage_location="s3")
        self.assertIn("s3", attachments._get_stores())
        store = attachments._get_object_store("s3")
        self.assertEqual(store.container, self.settings.bucket_for(self.env.cr.dbname))
        store.create_container()
        attachment = attachments.create(
            {"name": "a.pdf", "mimetype": "application/pdf", "raw": b"end to end"}
        )
        self.env.invalidate_all()
        self.assertEqual(attachment.raw, b"end to end")
        uri = StoreUri.parse(attachment.store_fname)
        self.assertEqual((uri.scheme, uri.container), ("s3", store.container))
        self.assertEqual(store.read(uri.key), b"end to end")

    def test_a_registry_without_the_addon_keeps_off_the_local_disk(self):
        model = self.env["ir.attachment"]
        model._get_object_store("s3").create_container()
        stored = model.with_context(storage_location="s3").create(
            {"name": "a.pdf", "mimetype": "application/pdf", "raw": b"in the bucket"}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "s3")
        # as modules see it that are updated before the addon is loaded
        self.patch(self.registry["ir.attachment"], "_get_stores", lambda records: [])
        self.assertEqual(stored.raw, b"in the bucket")
        new = model.create({"name": "b.pdf", "mimetype": "application/pdf", "raw": b"new"})
        self.assertEqual((new.store_fname, new.db_datas), (False, b"new"))
        dropped = stored.store_fname
        stored.unlink()
        marks = self.env["ir.attachment.garbage"].search_count([("store_fname", "=", dropped)])
        self.assertEqual(marks, 1)


@tagged("post_install", "-at_install")
class TestUninstall(S3SetUp, UninstallContract, TransactionCase):
    addon = "attachment_s3"


@tagged("post_install", "-at_install")
class TestAttachment(S3SetUp, ClosedPort, AttachmentContract, TransactionCase):
    def ways_to_fail(self):
        def refuse_the_key(_attachment):
            settings = self.settings_with(AWS_SECRET_ACCESS_KEY="wrong")
            self.make_store = lambda container=None: S3Store(settings, container or self.bucket)

        return {
            **super().ways_to_fail(),
            "a refused connection": lambda _attachment: self.close_the_port(),
            "a wrong key": refuse_the_key,
        }

    @mute_logger(LOG)
    def test_an_outage_is_an_error_and_never_an_empty_file(self):
        attachment = self.new(b"safe")
        before = self.columns(attachment)
        self.close_the_port()
        uses = {
            "raw": lambda: attachment.raw,
            "datas": lambda: attachment.datas,
            "copy": attachment.copy,
            "create": lambda: self.new(b"not stored"),
            "write": lambda: attachment.write({"raw": b"not stored"}),
        }
        for name, use in uses.items():
            with self.subTest(name), self.assertRaises(Unavailable) as caught:
                use()
            self.assertNotIn("127.0.0.1", str(caught.exception))
            self.assertNotIn(self.bucket, str(caught.exception))
        for location in ("db", "file"):
            self.set_location(location)
            with self.assertRaises(Unavailable), self.env.cr.savepoint():
                self.attachments.force_storage()
        self.assertEqual(self.columns(attachment), before)


@tagged("post_install", "-at_install")
class TestMove(S3SetUp, ClosedPort, MoveContract, TransactionCase):
    @mute_logger(LOG)
    def test_an_outage_ends_the_move_and_changes_no_row(self):
        attachment = self.created_at("db", b"not moved")
        before = self.columns(attachment)
        self.close_the_port()
        with self.assertRaises(Unavailable):
            self.attachments.force_storage()
        self.assertEqual(self.columns(attachment), before)


@tagged("post_install", "-at_install")
class TestReadOnly(S3SetUp, ReadOnlyContract, TransactionCase):
    pass
