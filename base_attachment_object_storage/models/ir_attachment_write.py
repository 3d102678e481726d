"""Content is written to a store: when other transactions see a row, its object is stored.

::

    create ──┬── _storage_target: the place of new content, decided once
             ├── _get_datas_related_values ── placement ── in the database
             │                                     └────── _upload ── is on its way
             ├── the rows
             └── Uploads: all is stored, or an error
    write ────── the same with one record ── _upload ── stored at once
    commit ───── CommitGate.confirm: each row has its object, or no commit
    the store is unavailable ── ir_attachment_spill.py
    _store_file_write       the older hook: where an addon overrides it, it is called
"""

from functools import partial

from odoo import _, api, models
from odoo.exceptions import UserError, ValidationError

from ..ownership.keys import is_owned, key_of_digest, may_name, plain
from ..store import Refused, StoreError, StoreUri
from ..store.content import Content
from ..upload.commit_gate import MEMORY
from ..upload.pending_upload import PendingUpload
from ..upload.placement import PARAMETER, Placement, PlacementError
from ..upload.transaction import Uploads

# these follow from the content and from the place where it is stored
DECIDED_FIELDS = {"store_fname", "checksum", "file_size"}


class IrAttachment(models.Model):
    """Attachments whose new content is uploaded before the transaction commits."""

    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        """Create attachments; each object is stored before this returns, or the rows are not."""
        vals_list = [self._storage_values(vals) for vals in vals_list]
        target = self._storage_target()
        if not target.is_store:
            return super().create(vals_list)
        with self._uploads().together(self.env, target) as uploads:
            records = super().create(vals_list)  # objects are on their way in between
        try:
            with self._store_errors(target.location):
                records._require_stored(uploads)
        except StoreError:
            records._forget_rows()
            raise
        return records

    def write(self, vals):
        """Write values; new content is stored first, and columns about its place are ignored."""
        return super().write(self._storage_values(vals))

    @api.model
    def default_get(self, fields_list):
        """Return core's defaults, except columns about the place of the content."""
        # neither the context nor a default of a user decides where content is
        defaults = super().default_get(fields_list)
        return {
            name: value
            for name, value in defaults.items()
            if name not in DECIDED_FIELDS | {"db_datas"}
        }

    @api.model
    def _storage_values(self, vals):
        """Return the values of a caller without those that only the storage decides.

        A ``raw`` of any kind of bytes becomes ``bytes``, the only kind that core accepts.
        """
        decided = DECIDED_FIELDS if self.env.su else DECIDED_FIELDS | {"db_datas"}
        vals = {name: value for name, value in vals.items() if name not in decided}
        if isinstance(vals.get("raw"), bytearray | memoryview):
            vals["raw"] = bytes(vals["raw"])
        return vals

    def _forget_rows(self):
        """Take rows back whose objects are missing: the caller may go on, and commit."""
        self.env.cr.execute("DELETE FROM ir_attachment WHERE id = ANY(%s)", [self.ids])
        self.invalidate_recordset(flush=False)

    def _set_attachment_data(self, asbytes):  # pylint: disable=missing-return
        target = self._storage_target()
        if not target.is_store:
            super()._set_attachment_data(asbytes)
            return
        uploads = self._uploads()
        # a row that has content keeps it until the new content is stored
        with uploads.together(self.env, target, one_by_one=True):
            super()._set_attachment_data(asbytes)
        if uploads.spilling_bytes:
            self._register_spilled()

    def _get_datas_related_values(self, data, mimetype):
        target = self._storage_target() if data else None
        if target is None or not target.is_store:
            return super()._get_datas_related_values(data, mimetype)
        # core computes all but the place: asked for "db", it touches no local file
        in_database = self._at_location("db")
        values = super(IrAttachment, in_database)._get_datas_related_values(data, mimetype)
        fname = False
        if not target.placement.stays_in_database(mimetype or "", len(data)):
            fname = self._upload_or_spill(target, data, mimetype)
        if fname:
            values.update(store_fname=fname, db_datas=False)
        self._uploads().placed[values["checksum"]] = fname
        return values

    @api.model
    def _file_write(self, bin_value, checksum):
        target = self._storage_target()
        if not target.is_store:
            return super()._file_write(bin_value, checksum)
        # 19.0 calls this after the insert for each content, also for content that stays
        # in the database, and ignores the answer: all is done by then
        placed = self._uploads().placed
        return placed[checksum] if checksum in placed else self._upload(bin_value, target=target)

    def _upload(self, content, mimetype="", target=None):
        """Store ``content`` before a row names it, and return the row's name for it."""
        objects = (target or self._storage_target()).objects
        content = Content(content)
        chosen = self.env.context.get("force_storage_key")
        if objects.store is None or objects.has_write_hook:
            return self._upload_by_hook(
                chosen or key_of_digest(objects.owner, content.sha256), content
            )
        if chosen:
            fname = self._upload_under_chosen_key(objects, chosen, content, mimetype)
            if fname:
                return fname
        key = key_of_digest(objects.owner, content.sha256)
        upload = PendingUpload(objects.name_of(key), objects.store, key, content, mimetype or "")
        with self._store_errors(key):
            self._uploads().add(upload)
        return upload.fname

    def _upload_under_chosen_key(self, objects, key, content, mimetype):
        """Store under the key that the context chooses, and return the row's name for it.

        :return: None if the key has other content already: content under a name never changes
        :raises UserError: for a key that can never have this content
        """
        if not may_name(key, content.sha256):
            raise UserError(
                _(
                    "“%s” is the name of another file in the file storage. "
                    "Please choose another name.",
                    key,
                )
            )
        key = plain(key)  # one name for each object
        if is_owned(key):
            return None
        fname = objects.name_of(key)
        with self._store_access(key):
            stored = self._uploads().put_chosen(fname, objects.store, key, content, mimetype or "")
        return fname if stored else None

    @api.model
    def _upload_by_hook(self, key, content):
        write = partial(self._store_file_write, key, content.to_bytes())
        with self._store_access(key):
            return self._uploads().by_hook(key, content.sha256, write)

    @api.model
    def _has_write_hook(self):
        return type(self)._store_file_write is not IrAttachment._store_file_write

    @api.model
    def _uploads(self):
        uploads = self.env.cr.postrollback.data.get(MEMORY)
        return uploads or Uploads.of(self.env.cr, self.pool, self._store_access, self._spill)

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
