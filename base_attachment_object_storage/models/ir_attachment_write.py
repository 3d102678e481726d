"""How content gets into a store: when a row can be seen by others, its object is there.

::

    create ──┬── _get_datas_related_values ── placement ── in the database
             │                                     └────── _upload ── is on its way
             ├── the rows
             └── Uploads: all is there
    write ────── _get_datas_related_values ── _upload ── sent at once
    _store_file_write       the older hook: where an addon overrides it, it is called
"""

from functools import partial

from odoo import _, api, models
from odoo.exceptions import UserError, ValidationError

from ..digested import Digested
from ..keys import key_of_digest, may_name, plain
from ..placement import PARAMETER, Placement, PlacementError
from ..store import Refused, StoreUri
from ..uploads import Upload, Uploads


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        if self._storage() not in self._get_stores():
            return super().create(vals_list)
        with self._uploads().together() as finish:
            records = super().create(vals_list)  # objects are on their way meanwhile
            try:
                with self._store_access(self._storage()):
                    finish()
            except BaseException:
                records._forget_rows()
                raise
        return records

    def _forget_rows(self):
        """Take rows back whose objects are missing: the caller may go on, and commit."""
        self.env.cr.execute("DELETE FROM ir_attachment WHERE id = ANY(%s)", [self.ids])
        self.invalidate_recordset(flush=False)

    def _get_datas_related_values(self, data, mimetype):
        location = self._storage()
        if not data or location not in self._get_stores():
            return super()._get_datas_related_values(data, mimetype)
        # core computes all but the place: asked for "db", it touches no local file
        in_database = self.with_context(storage_location="db")
        values = super(IrAttachment, in_database)._get_datas_related_values(data, mimetype)
        fname = False
        if not self._placement().stays_in_database(mimetype or "", len(data)):
            fname = self._upload(data, mimetype)
            values.update(store_fname=fname, db_datas=False)
        self._uploads().placed[values["checksum"]] = fname
        return values

    @api.model
    def _file_write(self, bin_value, checksum):
        if self._storage() not in self._get_stores():
            return super()._file_write(bin_value, checksum)
        # 19.0 calls this after the insert for each content, also for content that stays
        # in the database, and ignores the answer: all is done by then
        placed = self._uploads().placed
        return placed[checksum] if checksum in placed else self._upload(bin_value)

    def _upload(self, content, mimetype=""):
        """Have ``content`` in the store before a row names it; return the row's name for it."""
        self._require_writable_store()
        scheme = self._storage()
        store = self._get_object_store(scheme)
        digested = Digested(content)
        key = self._key_of_context(store, digested)
        key = key or key_of_digest(self._object_owner(), digested.sha256)
        if store is None or self._has_write_hook():
            return self._upload_by_hook(key, digested)
        fname = str(StoreUri(scheme, store.container, key))
        with self._store_access(key):
            self._uploads().add(Upload(fname, store, key, digested, mimetype or ""))
        return fname

    def _key_of_context(self, store, content):
        """Return the key that the context chooses, None where it chooses none.

        Whoever may call a method chooses the context: no key may replace another row's file.

        :raises UserError: for a key that has other content, or is none of attachments
        """
        key = self.env.context.get("force_storage_key")
        if key and not (may_name(key, content.sha256) and self._is_free(store, key, content)):
            raise UserError(
                _(
                    "“%s” is the name of another file in the file storage. "
                    "Please choose another name.",
                    key,
                )
            )
        return key or None

    def _is_free(self, store, key, content):
        """Say whether no other row has other content under a key."""
        if store is None:  # only its hook knows what it calls an object
            return True
        names = [str(StoreUri(self._storage(), store.container, k)) for k in {key, plain(key)}]
        if Uploads.waiting_content(self.env.cr, names[0]) not in (None, content.whole()):
            return False
        self.flush_model(["store_fname", "checksum"])
        self.env.cr.execute(
            "SELECT 1 FROM ir_attachment WHERE store_fname = ANY(%s)"
            " AND checksum IS DISTINCT FROM %s AND id != ALL(%s) LIMIT 1",
            (names, content.sha1, self.ids),
        )
        return not self.env.cr.rowcount

    @api.model
    def _upload_by_hook(self, key, content):
        write = partial(self._store_file_write, key, content.whole())
        with self._store_access(key):
            return self._uploads().by_hook(key, content.sha256, write)

    @api.model
    def _has_write_hook(self):
        return type(self)._store_file_write is not IrAttachment._store_file_write

    @api.model
    def _uploads(self):
        return Uploads.of(self.env.cr, self.pool)

    @api.model
    def _store_file_write(self, key, bin_data):
        """Store an object at the present location and return its name."""
        scheme = self._storage()
        store = self._get_object_store(scheme)
        if store is None:
            raise Refused(f"no addon writes to {scheme}")
        store.put(key, bin_data)
        return str(StoreUri(scheme, store.container, key))

    @api.model
    def _placement(self):
        value = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
        try:
            return Placement.parse(value)
        except PlacementError as error:
            raise ValidationError(str(error)) from None
