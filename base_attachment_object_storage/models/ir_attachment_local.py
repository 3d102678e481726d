"""Local files that a move has left behind: they are removed after the retention.

A move marks them like objects (a mark without ``://``). Core's own checklist lists most of them
since they were written, so core must not see them there before the retention is over::

    _gc_file_store ─┬─ _gc_moved_files ── local_files.LocalFiles
                    └─ core ── _gc_file_store_unsafe ── _hide_moved_files
"""

import contextlib
import os
from contextlib import closing

from odoo import api, models

from ..garbage.local_files import LocalFiles

LOCAL = "store_fname NOT LIKE '%%://%%'"


class IrAttachment(models.Model):
    """Keeps local files that a move has left behind until their retention is over."""

    _inherit = "ir.attachment"

    @api.autovacuum
    def _gc_file_store(self):
        # first, because core would do the same while all writers wait
        self._gc_moved_files()
        return super()._gc_file_store()

    @api.model
    def _gc_moved_files(self):
        """Remove moved files whose retention is over; return False if some remain."""
        days = self._attachment_storage_settings().retention_days
        with closing(self.pool._db.cursor()) as cursor:
            return LocalFiles(days, self._full_path).collect(cursor)

    def _gc_file_store_unsafe(self):  # pylint: disable=missing-return
        self._hide_moved_files()
        super()._gc_file_store_unsafe()

    @api.model
    def _hide_moved_files(self):
        """Remove moved files from core's checklist, or add them if their retention is over."""
        days = self._attachment_storage_settings().retention_days
        self.env.cr.execute(
            "SELECT store_fname, max(time) <= now() AT TIME ZONE 'UTC' - %s * interval '1 day'"
            f" FROM ir_attachment_garbage WHERE {LOCAL} GROUP BY store_fname",
            [days],
        )
        due = []
        for fname, is_due in self.env.cr.fetchall():
            if is_due:
                due.append(fname)
                self._mark_for_gc(fname)
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self._full_path("checklist"), fname))
        self.env.cr.execute("DELETE FROM ir_attachment_garbage WHERE store_fname = ANY(%s)", [due])
