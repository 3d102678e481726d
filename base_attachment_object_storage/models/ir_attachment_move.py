"""Moving attachments between the database, local files and stores.

::

    force_storage() ── _move() ── _rows_to_move     the next rows that are elsewhere
                             ├─── _sources          each content once, with all its rows
                             ├─── mover.carry       in threads: read, verify, upload
                             ├─── _swap_content     compare and swap, in SQL
                             └─── _commit_batch
    _plan_move()                                    what there is to move, and how much
"""

import logging
from functools import partial

from odoo import _, api, models
from odoo.exceptions import AccessError
from odoo.tools import config

from .. import parallel, shards
from ..digested import Digested
from ..mover import MoveReport, Row, Source, carry
from ..store import NotFound, StoreError, StoreUri
from ..upload import put_owned

_logger = logging.getLogger(__name__)

BATCH = 200
BATCH_BYTES = 64 * 1024 * 1024

SIZE = "COALESCE(NULLIF(file_size, 0), octet_length(db_datas), 0)"
ROW = f"id, store_fname, checksum, COALESCE(mimetype, ''), {SIZE}"
# db, file, or scheme://container
PLACE = """CASE WHEN store_fname IS NULL THEN 'db'
    WHEN strpos(store_fname, '://') > 0 THEN substring(store_fname from '^[^:]+://[^/]+')
    ELSE 'file' END"""


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _register_hook(self):
        super()._register_hook()
        # modules that load before this addon have stored without it, see hooks.py
        if self.pool.updated_modules and self._storage() in self._get_stores():
            try:
                # objects elsewhere are read where they are: a copy of a database must not
                # fetch all of the original's when its modules are updated
                self.sudo()._move(objects=False)
            except StoreError:
                _logger.error(
                    "Attachments of updated modules are not in %s yet: "
                    "run env['ir.attachment'].force_storage() once the store works",
                    self._storage(),
                )

    @api.model
    def force_storage(self):
        """Move every attachment to the present location: ``db``, ``file`` or a store.

        Commits after each batch, and can be started again at any time.

        :return: what was done, see ``MoveReport``
        """
        if not self.env.is_admin():
            raise AccessError(_("Only administrators can execute this action."))
        return self.sudo()._move().as_dict()

    @api.model
    def _get_storage_domain(self):
        domain = super()._get_storage_domain()
        if self._storage() == "file":  # core looks for content in the database only
            for scheme in self._get_stores():
                domain = ["|", ("store_fname", "=like", f"{scheme}://%"), *domain]
        return domain

    def _migrate(self):  # pylint: disable=missing-return
        for attachment in self.with_context(image_no_postprocess=True):
            attachment._require_content()
            super(IrAttachment, attachment)._migrate()

    # --- moving

    @api.model
    def _move(self, objects=True, limit=None, seconds=None, progress=None):
        """Move what is elsewhere to the present location.

        :param objects: whether what is in other containers moves as well
        :param limit: rows after which to stop
        :param seconds: time after which to stop
        :param progress: called with the report after each batch; returns True to stop
        """
        self.flush_model()
        plan = self._plan_move(objects)
        report = MoveReport(total=plan["files"], total_bytes=plan["bytes"])
        last_id = 0
        while rows := self._rows_to_move(last_id, objects):
            last_id = rows[-1].id
            self._move_batch(rows, report)
            report.tick()
            _logger.info("Moving attachments to %s: %s", self._storage(), report)
            stop = progress and progress(report)
            late = seconds is not None and report.seconds >= seconds
            if stop or late or (limit is not None and report.moved >= limit):
                break
        else:
            report.complete = True
        for attachment_id, reason in report.failed:
            _logger.warning("Attachment %d was not moved: %s", attachment_id, reason)
        return report

    @api.model
    def _plan_move(self, objects=True):
        """Return what there is to move: ``files``, ``bytes``, and the same by ``places``."""
        self.flush_model()
        condition, values = self._is_elsewhere(objects)
        self.env.cr.execute(
            f"""
            SELECT {PLACE}, count(*), COALESCE(sum({SIZE}), 0)
              FROM ir_attachment WHERE {condition}
             GROUP BY 1 ORDER BY 1
            """,  # pylint: disable=sql-injection
            values,
        )
        places = {
            place: {"files": files, "bytes": int(size)}
            for place, files, size in self.env.cr.fetchall()
        }
        return {
            "files": sum(place["files"] for place in places.values()),
            "bytes": sum(place["bytes"] for place in places.values()),
            "places": places,
        }

    @api.model
    def _is_elsewhere(self, objects=True):
        """Return the SQL condition on rows that are not where they belong, and its values."""
        location = self._storage()
        has_content = "octet_length(db_datas) > 0"
        if location == "db":
            return "type = 'binary' AND store_fname IS NOT NULL", []
        if location not in self._get_stores():
            schemes = [f"{name}://" for name in self._get_stores()]
            return (
                f"type = 'binary' AND CASE WHEN store_fname IS NULL THEN {has_content}"
                " ELSE EXISTS (SELECT 1 FROM unnest(%s) AS place"
                "               WHERE starts_with(store_fname, place)) END",
                [schemes],
            )
        kept, values = self._placement().sql("COALESCE(mimetype, '')", SIZE)
        in_place = self._places_that_stay(location, objects)
        return (
            f"type = 'binary' AND CASE WHEN store_fname IS NULL THEN {has_content} AND NOT {kept}"
            " ELSE NOT EXISTS (SELECT 1 FROM unnest(%s) AS place"
            f"                  WHERE starts_with(store_fname, place)) OR (%s AND {kept}) END",
            [*values, in_place, objects, *values],
        )

    @api.model
    def _places_that_stay(self, location, objects):
        if not objects:
            return [f"{name}://" for name in self._get_stores()]
        store = self._get_object_store(location)
        return [f"{location}://{store.container}/" if store else f"{location}://"]

    @api.model
    def _rows_to_move(self, last_id, objects=True):
        """Return the next rows whose content is elsewhere, a batch at most."""
        condition, values = self._is_elsewhere(objects)
        self.env.cr.execute(
            f"SELECT {ROW} FROM ir_attachment WHERE id > %s AND {condition} ORDER BY id LIMIT %s",
            [last_id, *values, BATCH],
        )
        rows = [Row(*values) for values in self.env.cr.fetchall()]
        # what waits to be written is in memory, so a batch has few large files
        total = 0
        for number, row in enumerate(rows):
            total += row.size
            if total > BATCH_BYTES:
                return rows[: number + 1]
        return rows

    @api.model
    def _move_batch(self, rows, report):
        location = self._storage()
        remote = location in self._get_stores()
        if remote:
            # the objects of a batch are anywhere, and so is what is already there
            shards.lock_shared(self.env.cr, range(shards.SHARDS))
        placement = self._placement()

        def keeps(row):
            return not remote or placement.stays_in_database(row.mimetype, row.size)

        put = self._make_put(location) if remote else None

        def work(source):
            kept = [keeps(row) for row in source.rows]
            return carry(source, None if all(kept) else put, keep_content=any(kept))

        sources = self._sources(rows)
        with self._store_access(location):
            if put is None and remote:  # a store with the older hooks only: no threads
                put = self._put_by_hook
                results = [work(source) for source in sources]
            else:
                results = list(parallel.each(work, sources))
        for carried in results:
            self._settle(carried, keeps, report)
        self.invalidate_model()
        self._commit_batch()

    @api.model
    def _settle(self, carried, keeps, report):
        """Change the rows of a source that was carried."""
        if carried.problem:
            report.failed += [(row.id, carried.problem) for row in carried.source.rows]
            return
        for row in carried.source.rows:
            fname, content = carried.store_fname, None
            if keeps(row):
                fname, content = self._write_locally(carried.content, row)
            if self._swap_content(row, fname, content):
                report.moved += 1
                report.bytes += carried.size
            else:
                report.skipped += 1

    @api.model
    def _write_locally(self, content, row):
        """Return (store_fname, db_datas) of content that goes to no store."""
        if self._storage() == "db" or self._storage() in self._get_stores():
            return None, content
        return self._file_write(content, row.checksum or self._compute_checksum(content)), None

    @api.model
    def _make_put(self, location):
        """Return a function for threads that stores content; None for older hooks."""
        store = self._get_object_store(location)
        if store is None:
            return None
        owner = self._object_owner()

        def put(content, mimetype):
            key = put_owned(store, owner, content, mimetype)
            return str(StoreUri(location, store.container, key))

        return put

    def _put_by_hook(self, content, _mimetype):
        return self._upload(content.whole())

    @api.model
    def _sources(self, rows):
        """Return each content once, with every row that has it, also those of later batches."""
        shared = sorted({row.store_fname for row in rows if row.store_fname})
        self.env.cr.execute(
            f"SELECT {ROW} FROM ir_attachment"
            " WHERE store_fname = ANY(%s) AND type = 'binary' AND id > %s ORDER BY id",
            [shared, rows[-1].id],
        )
        groups = {}
        for row in [*rows, *(Row(*values) for values in self.env.cr.fetchall())]:
            same = (row.store_fname, row.checksum) if row.store_fname else row.id
            groups.setdefault(same, []).append(row)
        in_database = self._contents_in_database([row.id for row in rows if not row.store_fname])
        opened = {}
        return [
            Source(tuple(group), self._reader(group[0], in_database, opened))
            for group in groups.values()
        ]

    @api.model
    def _contents_in_database(self, ids):
        self.env.cr.execute("SELECT id, db_datas FROM ir_attachment WHERE id = ANY(%s)", [ids])
        return {number: bytes(content or b"") for number, content in self.env.cr.fetchall()}

    @api.model
    def _reader(self, row, in_database, opened):
        """Return a function for threads that reads the content of a row."""
        if not row.store_fname:
            content = in_database.get(row.id, b"")
            return lambda: Digested(content)
        if not self._is_file_from_a_store(row.store_fname):
            return partial(_read_file, self._full_path(row.store_fname))
        uri = StoreUri.parse(row.store_fname)
        place = (uri.scheme, uri.container)
        if place not in opened:
            opened[place] = self._get_object_store(*place)
        if opened[place] is None:
            content = self._read_from_store(row.store_fname)
            return lambda: Digested(content)
        return partial(_read_object, opened[place], uri.key)

    @api.model
    def _swap_content(self, row, store_fname, db_datas):
        """Point the row to its new place, unless it has changed or is being changed.

        Plain SQL: ``write()`` would encode images again, meet audit-trail guards and
        change ``write_date``.
        """
        self.env.cr.execute(
            """
            UPDATE ir_attachment SET store_fname = %s, db_datas = %s
             WHERE id IN (SELECT id FROM ir_attachment
                           WHERE id = %s AND store_fname IS NOT DISTINCT FROM %s
                             AND checksum IS NOT DISTINCT FROM %s
                             FOR UPDATE SKIP LOCKED)
            """,
            (store_fname, db_datas, row.id, row.store_fname, row.checksum),
        )
        swapped = bool(self.env.cr.rowcount)
        if swapped and row.store_fname:
            self._file_delete(row.store_fname)
        return swapped

    @api.model
    def _commit_batch(self):
        # a process that runs tests must not commit theirs; no batch depends on the commit
        if not config["test_enable"]:
            self.env.cr.commit()  # pylint: disable=invalid-commit


def _read_file(path):
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            return Digested.spooled(iter(lambda: file.read(1024 * 1024), b""), size)
    except FileNotFoundError:
        raise NotFound("the local file is missing") from None


def _read_object(store, key):
    with store.open(key) as reader:
        return Digested.spooled(reader, reader.size)
