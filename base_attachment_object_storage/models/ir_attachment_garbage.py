"""Marks on stored objects that a row has ceased to use, and their collection.

::

    daily, with core's vacuum ── _gc_object_store ── _collect_garbage ── garbage.Collection

In the shell: ``env["ir.attachment.garbage"]._collect_garbage()``.
"""

import logging
from contextlib import closing
from functools import partial

import psycopg2

from odoo import api, fields, models

from ..garbage.collector import Collection, CollectionReport
from ..garbage.locks import make_collections_counter
from ..garbage.marks import make_indexes
from ..store import StoreError, priority

_logger = logging.getLogger(__name__)


class IrAttachmentGarbage(models.Model):
    """A mark says: this object may be garbage since ``time``.

    It is written in the transaction that drops the row, so a rollback takes it back. It
    is a hint and no verdict: other rows may use the object, and the same object may be
    marked many times.
    """

    _name = "ir.attachment.garbage"
    _description = "Mark on a Stored Object"
    _log_access = False
    _order = "id"
    _rec_name = "store_fname"

    store_fname = fields.Char(string="Stored Filename", required=True, index=True)
    time = fields.Datetime(required=True)

    def init(self):
        make_collections_counter(self.env.cr)
        make_indexes(self.env.cr)

    @api.autovacuum
    def _gc_object_store(self):
        if self.search([], limit=1):
            self._collect_garbage()

    @api.model
    def _collect_garbage(self, days=None):
        """Delete the objects that no row has used since before the retention.

        Each batch is a transaction of its own, on another connection: the transaction of the
        caller is not touched, and what it has not committed does not exist.

        :param days: the retention; by default ``ATTACHMENT_RETENTION_DAYS``
        :return: what was done, see ``garbage.CollectionReport``
        :raises ValueError: for a retention below 0, or above 100 years
        """
        attachments = self.env["ir.attachment"].sudo()
        settings = attachments._attachment_storage_settings()
        days = settings.retention_days if days is None else days
        with priority.background():
            report = self._collect(attachments, days)
        _logger.info("Collection of stored objects: %s", report)
        return report.as_dict()

    @api.model
    def _collect(self, attachments, days):
        try:
            owner, objection = attachments._owner_that_may_delete()
        except StoreError as error:
            return CollectionReport(refused=str(error))
        if objection:
            return CollectionReport(refused=objection)
        delete = attachments._make_delete(owner)
        limit = partial(attachments._delete_limit, owner)
        collection = Collection(owner.like, days, delete, limit)
        try:
            with closing(self.pool._db.cursor()) as cursor:
                while collection.forget_foreign(cursor):
                    cursor.commit()
                cursor.commit()
                for shard in collection.shards(cursor):
                    cursor.commit()
                    after = ""
                    while after is not None:
                        after = collection.batch(cursor, shard, after)
                        cursor.commit()
        except (StoreError, psycopg2.Error) as error:  # the marks of this batch stay
            _logger.warning("The collection ends: %s: %s", type(error).__name__, error)
            collection.report.refused = str(error)
        return collection.report
