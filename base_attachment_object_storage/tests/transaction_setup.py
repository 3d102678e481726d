"""Set-up of the contracts of transactions, collection and reconcile.

Their tests commit on separate connections, and clean up.
"""
# pylint: disable=invalid-commit

from contextlib import closing

from odoo import SUPERUSER_ID, api

from ..ownership.owner import PARAMETER
from ..store import StoreUri
from .attachment_setup import AttachmentSetUp

OWNER_LOG = "odoo.addons.base_attachment_object_storage.models"


class TransactionSetUp(AttachmentSetUp):
    """Mixed into a test case like ``AttachmentSetUp``; ``self.env`` commits."""

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
        """Do nothing: the context of ``session()`` has the location, and it is not committed."""

    def forget_owner(self):
        """Do nothing: ``setUp()`` removes the owner."""

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
        """Return the attachments of another transaction, on a separate connection."""
        cursor = self.registry._db.cursor()
        self.addCleanup(cursor.close)
        env = api.Environment(cursor, SUPERUSER_ID, {"storage_location": self.scheme})
        return env["ir.attachment"]

    def committed(self, raw):
        attachment = self.new_in(self.session(), raw)
        attachment.env.cr.commit()
        return attachment

    def deleted(self, raw):
        """Return the name of an object whose row was committed and then deleted."""
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
