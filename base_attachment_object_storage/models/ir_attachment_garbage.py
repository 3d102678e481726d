"""Marks on stored objects that a row no longer uses, and their collection.

::

    daily, with core's vacuum ── _gc_object_store ── _collect_garbage ── Collector

In the shell: ``env["ir.attachment.garbage"]._collect_garbage()``.
"""

import logging
from contextlib import closing
from functools import partial

import psycopg2

from odoo import api, fields, models

from ..garbage.collector import CollectionReport, Collector
from ..garbage.locks import make_collections_counter
from ..garbage.marks import make_indexes
from ..store import StoreError, Unavailable, priority

_logger = logging.getLogger(__name__)


class IrAttachmentGarbage(models.Model):
    """A mark: this object may be garbage since ``time``.

    It is written by the transaction that deletes the row, so a rollback removes it. It is a hint,
    not a decision: other rows may use the object, and an object may have many marks.
    """

    _name = "ir.attachment.garbage"
    _description = "Mark on a Stored Object"
    _log_access = False
    _order = "id"
    _rec_name = "store_fname"

    store_fname = fields.Char(string="Stored Filename", required=True, index=True)
    time = fields.Datetime(required=True)

    def init(self):
        """Create the counter of collections and the indexes."""
        make_collections_counter(self.env.cr)
        make_indexes(self.env.cr)

    @api.autovacuum
    def _gc_object_store(self):
        if self.search([], limit=1):
            self._collect_garbage()

    @api.model
    def _collect_garbage(self, days=None, dry_run=False):
        """Delete the objects that no row has used during the retention.

        Each batch is a separate transaction on another connection: the caller's transaction is not
        changed, and its uncommitted rows are not seen.

        :param days: the retention; by default ``ATTACHMENT_RETENTION_DAYS``
        :param dry_run: delete nothing; the report shows what a collection would do now
        :return: ``CollectionReport`` as a dictionary
        :raises ValueError: if the retention is negative, or longer than 100 years
        """
        attachments = self.env["ir.attachment"].sudo()
        settings = attachments._attachment_storage_settings()
        days = settings.retention_days if days is None else days
        with priority.background():
            report = self._collect(attachments, days, dry_run)
        _logger.info("Collection of stored objects: %s", report)
        return report.as_dict()

    @api.model
    def _collect(self, attachments, days, dry_run=False):
        try:
            owner, objection = attachments._owner_that_may_delete()
        except StoreError as error:
            return CollectionReport(refused=str(error), unavailable=isinstance(error, Unavailable))
        if objection:
            return CollectionReport(refused=objection)
        delete = attachments._make_delete(owner)
        limit = partial(attachments._delete_limit, owner)
        collector = Collector(owner.like, days, delete, limit, dry_run)
        show = self.env.context.get("collection_progress") or (lambda report: None)
        try:
            with closing(self.pool._db.cursor()) as cursor:
                # a dry run sends no deletion to the store, so it must keep the marks
                end = cursor.rollback if dry_run else cursor.commit
                while collector.forget_foreign(cursor):
                    end()
                end()
                for shard in collector.shards(cursor):
                    end()
                    after: str | None = ""
                    while after is not None:
                        after = collector.collect_batch(cursor, shard, after)
                        end()
                        show(collector.report)
        except (StoreError, psycopg2.Error) as error:  # the marks of this batch stay
            _logger.warning("The collection stopped: %s: %s", type(error).__name__, error)
            collector.report.refused = str(error)
            collector.report.unavailable = isinstance(
                error, (Unavailable, psycopg2.OperationalError, psycopg2.InterfaceError)
            )
        return collector.report
