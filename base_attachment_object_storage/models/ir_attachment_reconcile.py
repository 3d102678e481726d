"""Compare the objects of a store with the rows that name them, in both directions.

After a crash between an upload and its commit there is an object without a row and without a
mark. After a bucket was restored there may be rows without an object. In the shell::

    env["ir.attachment"]._reconcile_store()
"""

import itertools
import logging
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone

from odoo import api, models

from ..garbage import locks
from ..garbage.reconcile import Progress, ReconcileReport, compare
from ..ownership.keys import is_owned
from ..store import Refused, StoreError, Unavailable, priority

_logger = logging.getLogger(__name__)

BATCH = 1000
MARGIN_HOURS = 24  # longer than any transaction


class IrAttachment(models.Model):
    """Compares the objects of this database with its rows."""

    _inherit = "ir.attachment"

    @api.model
    def _reconcile_store(self, margin_hours=MARGIN_HOURS, dry_run=False):
        """Mark the objects of this database that have no row, and report missing objects.

        It reads the committed rows on separate connections. Objects that are younger than the
        margin may belong to a running transaction. A marked object is collected after the
        retention, unless a row uses it by then.

        :param dry_run: mark nothing, and remove nothing; always so for a database that must not
            delete objects
        :return: ``ReconcileReport`` as a dictionary
        """
        report = ReconcileReport()
        try:
            owner, objection = self.sudo()._owner_that_may_delete()
            if objection:
                _logger.warning("Reconcile marks nothing: %s", objection)
                owner, dry_run = self._present_owner(), True
            self._reconcile(owner, timedelta(hours=margin_hours), dry_run, report)
        except StoreError as error:
            report.refused = str(error)
            report.unavailable = isinstance(error, Unavailable)
        _logger.info("Reconcile of %s: %s", self._storage(), report)
        for name in report.missing_names:
            _logger.warning("A row names an object that is missing: %s", name)
        return report.as_dict()

    @api.model
    def _reconcile(self, owner, margin, dry_run, report, progress=None):
        """Compare from the position of ``progress`` until its time is over."""
        store = self._get_object_store(owner.scheme, owner.container)
        if store is None:
            report.refused = f"{owner.scheme} cannot list objects"
            return
        self._attachment_storage_settings().require_enabled()
        progress = progress or Progress("", None)
        before = datetime.now(timezone.utc) - margin
        listing = store.list(f"{owner.prefix}/", progress.position)
        objects = (info for info in listing if is_owned(info.key))
        with (
            priority.background(),
            closing(self.pool._db.cursor()) as reading,
            closing(self.pool._db.cursor()) as other,
            closing(self._keys_of_rows(reading, owner, progress.position)) as keys,
        ):

            def is_missing(key):
                other.rollback()  # a new transaction sees the rows that are committed now
                other.execute(
                    "SELECT 1 FROM ir_attachment WHERE store_fname = %s LIMIT 1",
                    (owner.name_of(key),),
                )
                return bool(other.fetchone()) and not store.exists(key)

            show = self.env.context.get("reconcile_progress") or (lambda report: None)

            def advance(key):
                show(report)
                return progress.advance(key)

            orphans = compare(objects, keys, before, report, is_missing, advance)
            while batch := list(itertools.islice(orphans, BATCH)):
                if not dry_run:
                    report.marked += self._mark_orphans(other, owner, batch)
            if not progress.is_over:
                report.unfinished += self._discard_unfinished(other, owner, before, dry_run)

    @api.model
    def _discard_unfinished(self, cursor, owner, before, dry_run):
        """Remove the parts of uploads that never ended; return the number of uploads."""

        @contextmanager
        def lock(key):
            cursor.rollback()
            try:
                yield locks.try_lock(cursor, locks.shard_of(key))
            finally:
                cursor.rollback()

        store = self._get_object_store(owner.scheme, owner.container)
        try:
            return store.discard_unfinished(f"{owner.prefix}/", before, lock, dry_run)
        except Refused as error:  # a right that no other request needs, or an old server
            _logger.warning("Unfinished uploads were not removed: %s", error)
            return 0

    @api.model
    def _keys_of_rows(self, cursor, owner, start):
        # a cursor of the server, because there may be millions of rows
        with cursor._cnx.cursor(name="reconcile") as rows:
            rows.itersize = BATCH
            rows.execute(
                'SELECT DISTINCT store_fname COLLATE "C" AS name FROM ir_attachment'
                ' WHERE store_fname LIKE %s AND store_fname COLLATE "C" > %s ORDER BY name',
                (owner.like + "%", owner.name_of(start)),
            )
            for (name,) in rows:
                yield name.removeprefix(owner.name_of(""))

    @api.model
    def _mark_orphans(self, cursor, owner, objects):
        cursor.rollback()
        # a second mark would restart the retention
        cursor.execute(
            "INSERT INTO ir_attachment_garbage (store_fname, time)"
            " SELECT name, now() AT TIME ZONE 'UTC' FROM unnest(%s) AS name"
            "  WHERE NOT EXISTS (SELECT 1 FROM ir_attachment_garbage WHERE store_fname = name)",
            ([owner.name_of(info.key) for info in objects],),
        )
        marked = cursor.rowcount
        cursor.commit()
        return marked
