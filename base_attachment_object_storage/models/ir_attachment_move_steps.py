"""The steps of a move, which ``move.Move`` takes one after the other.

::

    Move.run ── _make_target    where content goes, and how it is read again there
           ├─── _rows_to_move   the next that are elsewhere
           ├─── _sources        each content once, all its rows
           ├─── mover.carry     in threads: read, check, upload
           ├─── _swap           compare and swap, in SQL
           └─── _commit_move
"""

from contextlib import closing
from functools import partial

from odoo import api, models
from odoo.tools import config

from ..garbage import locks
from ..garbage.marks import mark_all
from ..store import Refused, StoreUri
from ..transfer.copy import Row, Source, fail, put_local, read_local
from ..upload.digested import Digested
from ..upload.put import put_owned
from .ir_attachment_move import SIZE

BATCH = 200
BATCH_BYTES = 64 * 1024 * 1024

ROW = f"id, store_fname, checksum, COALESCE(mimetype, ''), {SIZE}"


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

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

    def _make_target(self):
        """Return (put, read_again, whether threads may): put is None for the database."""
        location = self._storage()
        if location == "db":
            return None, None, True
        if location not in self._get_stores():
            root = self._filestore()
            return partial(put_local, root), lambda name: read_local(f"{root}/{name}"), True
        self._require_writable_store()
        put = self._make_put(location)
        if put is None:  # a store with the older hooks only
            return self._put_by_hook, self._read_by_hook, False
        store = self._get_object_store(location)
        return put, lambda name: _read_object(store, StoreUri.parse(name).key), True

    def _read_by_hook(self, fname):
        return Digested(self._read_from_store(fname))

    def _put_by_hook(self, content, _mimetype):
        return self._upload(content.whole())

    @api.model
    def _sources(self, rows, handled=()):
        """Return each content once, with every row that has it, also those of later windows.

        :param handled: ids of rows to leave out
        """
        shared = sorted({row.store_fname for row in rows if row.store_fname})
        self.env.cr.execute(
            f"SELECT {ROW} FROM ir_attachment"
            " WHERE store_fname = ANY(%s) AND type = 'binary' AND id > %s ORDER BY id",
            [shared, rows[-1].id],
        )
        later = (Row(*values) for values in self.env.cr.fetchall())
        in_database = self._contents_in_database([row.id for row in rows if not row.store_fname])
        groups = {}
        for row in (*rows, *later):
            if row.id not in handled:
                place = row.store_fname or in_database.get(row.id)
                groups.setdefault((place, row.checksum), []).append(row)
        opened = {}
        return [
            Source(tuple(group), *self._reader(group[0], in_database, opened))
            for group in groups.values()
        ]

    @api.model
    def _contents_in_database(self, ids):
        """Return the contents of rows, or the errors of those that cannot be read."""
        try:
            with self.env.cr.savepoint(flush=False):
                return self._read_from_database(ids)
        except Exception as error:  # too large, or damaged; without a connection nothing goes on
            if self.env.cr.closed:
                raise
            if len(ids) == 1:
                return {ids[0]: error}
        contents = {}
        for number in ids:
            contents.update(self._contents_in_database([number]))
        return contents

    @api.model
    def _read_from_database(self, ids):
        self.env.cr.execute("SELECT id, db_datas FROM ir_attachment WHERE id = ANY(%s)", [ids])
        return {number: bytes(content or b"") for number, content in self.env.cr.fetchall()}

    @api.model
    def _reader(self, row, in_database, opened):
        """Return a function that reads the content of a row, and whether a thread may call it."""
        if not row.store_fname:
            content = in_database.get(row.id, b"")
            read = fail if isinstance(content, Exception) else Digested
            return partial(read, content), True
        if not self._is_file_from_a_store(row.store_fname):
            return partial(read_local, self._full_path(row.store_fname)), True
        try:
            uri = StoreUri.parse(row.store_fname)
        except ValueError as error:
            return partial(fail, Refused(str(error))), True
        place = (uri.scheme, uri.container)
        if place not in opened:
            opened[place] = self._get_object_store(*place)
        if opened[place] is None:  # older hooks are free to use the cursor
            return partial(self._read_by_hook, row.store_fname), False
        return partial(_read_object, opened[place], uri.key), True

    @api.model
    def _swap_content(self, row, store_fname, db_datas):
        """Point one row to its new place; returns whether it was as ``row`` says."""
        return bool(self._swap([(row, store_fname)], db_datas))

    @api.model
    def _swap(self, places, db_datas=None):
        """Point rows to their new places, but those that have changed or are being changed.

        Plain SQL: ``write()`` would encode images again, meet audit-trail guards and
        change ``write_date``.

        :param places: (row, its new ``store_fname``)
        :return: the ids of the rows that were changed; what they had is marked
        """
        columns = [
            (row.id, row.store_fname, row.checksum, store_fname) for row, store_fname in places
        ]
        self.env.cr.execute(
            """
            WITH place AS (
                SELECT * FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::varchar[])
                    AS place (id, old, checksum, new)
            ), free AS (
                SELECT a.id, place.old, place.new FROM ir_attachment a JOIN place
                    ON a.id = place.id AND a.store_fname IS NOT DISTINCT FROM place.old
                   AND a.checksum IS NOT DISTINCT FROM place.checksum
                   FOR UPDATE OF a SKIP LOCKED
            )
            UPDATE ir_attachment a SET store_fname = free.new, db_datas = %s
              FROM free WHERE a.id = free.id RETURNING a.id, free.old
            """,
            [*map(list, zip(*columns, strict=True)), db_datas],
        )
        swapped = self.env.cr.fetchall()
        # local files too: core would remove them with its next collection
        if left_behind := {old for _id, old in swapped if old}:
            mark_all(self.env.cr, left_behind)
        return {number for number, _old in swapped}

    @api.model
    def _commit_batch(self):
        # a process that runs tests must not commit theirs; no batch depends on the commit
        if not config["test_enable"]:
            self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _see_what_others_commit(self):
        # a row that somebody has changed meanwhile is skipped, and is no error
        if not config["test_enable"]:
            self.env.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    @api.model
    def _commit_move(self):
        """Commit, and let neither collection in between: content is on its way all the time."""
        if config["test_enable"]:
            return
        with closing(self.pool.cursor()) as beside:
            self._keep_collection_away(beside)
            self._commit_batch()
            self._see_what_others_commit()
            self._keep_collection_away(self.env.cr)
            beside.rollback()

    @api.model
    def _keep_collection_away(self, cursor):
        location = self._storage()
        if location in self._get_stores():
            # the objects of a move are anywhere, and so is what is already there
            locks.lock_shared(cursor, range(locks.SHARDS))
        elif location != "db":
            cursor.execute("LOCK TABLE ir_attachment IN ROW EXCLUSIVE MODE")


def _read_object(store, key):
    with store.open(key) as reader:
        return Digested.spooled(reader, reader.size)
