"""Attachments whose content is in an object store.

::

    write   ir_attachment_write.py
    read    _file_read ── _store_access ── _store_file_read
    serve   ir_attachment_serve.py
    delete  _file_delete ── a mark, nothing else
    move    ir_attachment_move.py, and its steps in transfer/run.py
    own     ir_attachment_owner.py, and ir_attachment_reconcile.py: are rows and objects one?

A backend addon overrides ``_get_stores`` and ``_get_object_store``. The older hooks
``_store_file_read``, ``_store_file_write`` and ``_store_file_delete`` may be overridden
instead, for a store without an ``ObjectStore``.
"""

import logging
from contextlib import contextmanager

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cloud_base.exceptions import ConfigurationError

from ..core_patches.client_context import ServerChoice
from ..garbage.marks import mark
from ..ownership.keys import check_content
from ..settings import storage_settings
from ..store import NotFound, Refused, StoreError, StoreUri, Unavailable, Unfinished
from ..upload.commit_gate import MEMORY
from ..upload.target import StorageTarget
from ..upload.transaction import Uploads
from .base import concerns_one_file

_logger = logging.getLogger(__name__)

CORE_LOCATIONS = ("db", "file")
CONTENT_FIELDS = {"raw", "datas", "db_datas"}
# in the context: files that cannot be read are empty in the answer to a client
SHOW_UNREADABLE = "attachment_show_unreadable"


class IrAttachment(models.Model):
    """Attachments whose content may be in an object store."""

    _inherit = "ir.attachment"

    _empty_content = b""

    # --- which store

    @api.model
    def _get_stores(self):
        """Return the schemes of the stores that are installed, as ``["s3"]``."""
        return []

    @api.model
    def _storage_locations(self):
        """Return the values that ``ir_attachment.location`` accepts; for addons that add some."""
        locations = {*CORE_LOCATIONS, *self._get_stores()}
        if "fs.storage" in self.env:  # the addon fs_attachment of the OCA
            codes = self.env["fs.storage"].sudo().search_fetch([("code", "!=", False)], ["code"])
            locations.update(codes.mapped("code"))
        return locations

    @api.model
    def _get_object_store(self, scheme, container=None):
        """Return the ``ObjectStore`` of a container; by default the one for new objects.

        None where a scheme has no ``ObjectStore``.
        """

    @api.model
    def _stores_of(self, addons):
        """Return the schemes that some addons serve, by the definitions of ``_get_stores``."""
        served, known = set(), set()
        for definition in reversed(type(self).mro()):
            if "_get_stores" in vars(definition):
                present = set(definition._get_stores(self))
                if getattr(definition, "_module", None) in addons:
                    served |= present - known
                known = present
        return sorted(served)

    @api.model
    def _attachment_storage_settings(self):
        return storage_settings()

    @api.model
    def _is_file_from_a_store(self, fname):
        """Return True if ``fname`` is the name of an object in one of the stores."""
        scheme, colon, _rest = (fname or "").partition("://")
        return bool(colon) and scheme in self._get_stores()

    @api.model
    def _storage(self):
        chosen = self.env.context.get("storage_location")
        if chosen in CORE_LOCATIONS:
            return chosen
        uploads = self.env.cr.postrollback.data.get(MEMORY)
        if uploads and (block := uploads.block) and block.env is self.env:
            return block.target.location
        location = self._chosen_location() if chosen else super()._storage()
        if not self._is_store(location):
            return location
        if self._attachment_storage_settings().disabled:
            return "db"
        if not self.pool.ready and self._is_update_without(location):
            return "db"
        return location

    @api.model
    def _is_store(self, location):
        """Return True if an addon serves a location."""
        return location not in CORE_LOCATIONS and location in self._get_stores()

    @api.model
    def _storage_target(self):
        """Return the ``StorageTarget`` of new content.

        It is decided once for each ``create()`` and ``write()``, by ``_storage()``.
        """
        uploads = self.env.cr.postrollback.data.get(MEMORY)
        if uploads and (block := uploads.block) and block.env is self.env:
            return block.target
        location = self._storage()
        return StorageTarget(location, self._is_store(location), self)

    @api.model
    def _is_update_without(self, scheme):
        """Return True if this host, which updates modules, lacks the variables of the store.

        Such a host updates: its new files wait in the database for a move.
        """
        try:
            self._get_object_store(scheme)
        except ConfigurationError:
            return True
        return False

    @api.model
    def _chosen_location(self):
        """Return the location that server code chose; see core_patches/client_context.py."""
        location = self.env.context.get("storage_location")
        if location and location not in CORE_LOCATIONS and location not in self._get_stores():
            raise UserError(_("“%s” is not a place where files are stored.", location))
        return location

    @api.model
    def _at_location(self, location):
        """Return the model with another location for new content, for code of this suite."""
        return self.with_context(storage_location=ServerChoice(location))

    # --- read

    @api.model
    def _file_read(self, fname, size=None):
        if not self._is_file_from_a_store(fname):
            # only 19.0 knows the size
            return super()._file_read(fname, *([] if size is None else [size]))
        content = Uploads.waiting_content(self.env.cr, fname)
        if content is None:
            content = self._read_from_store(fname)
        return content if size is None else content[:size]

    @api.model
    def _read_from_store(self, fname):
        with self._store_access(fname):
            return self._store_file_read(fname) or b""

    @api.model
    def _store_file_read(self, fname):
        """Return the bytes of an object; every failure raises."""
        uri = StoreUri.parse(fname)
        content = self._require_object_store(uri).read(uri.key)
        check_content(uri.key, content)
        return content

    def _may_be_shown_without(self, error):
        """Return True if an unreadable content may be empty in an answer to a client.

        The server also reads content for mails: there only missing content is empty, like in core.
        """
        shown = self.env.context.get("bin_size") or self.env.context.get(SHOW_UNREADABLE)
        return isinstance(error, NotFound) or bool(shown and concerns_one_file(error))

    def _require_content(self):
        """Raise ``NotFound`` where content is missing that a caller is about to store again."""
        for attachment in self:
            if attachment.store_fname and not attachment._has_content():
                raise attachment._missing()

    def _has_content(self):
        try:
            return bool(self.raw)
        except NotFound:
            return False

    def _has_stored_content(self):
        try:
            return bool(self._file_read(self.store_fname))
        except NotFound:
            return False

    def _missing(self):
        return NotFound(_("The file “%s” is missing from the file storage.", self.name))

    def copy(self, default=None):
        """Copy attachments; raise ``NotFound`` instead of copying missing content as empty."""
        if not (default or {}).keys() & CONTENT_FIELDS:
            self._require_content()
        return super().copy(default)

    def copy_data(self, default=None):
        """Return values for copies; raise ``NotFound`` instead of using missing content."""
        if not (default or {}).keys() & CONTENT_FIELDS:
            self._require_content()
        return super().copy_data(default)

    # --- delete

    @api.model
    def _file_delete(self, fname):
        if not self._is_file_from_a_store(fname):
            return super()._file_delete(fname)
        # no request deletes an object: a rollback, or another row, may still need it
        return mark(self.env.cr, fname)

    @api.model
    def _store_file_delete(self, fname):
        """Delete an object permanently; no request calls this."""
        uri = StoreUri.parse(fname)
        store = self._require_object_store(uri)
        error = Unfinished()
        while isinstance(error, Unfinished):
            error = store.delete_many([uri.key]).get(uri.key)
        if error:
            raise error

    def _set_attachment_data(self, asbytes):  # pylint: disable=missing-return
        stored = self.filtered(lambda a: self._is_file_from_a_store(a.store_fname))
        for attachment in stored:
            # emptied on purpose, or is it what a failed read of this very file gave?
            if not asbytes(attachment) and not attachment._has_stored_content():
                raise attachment._missing()
        replaced = stored.mapped("store_fname")
        super()._set_attachment_data(asbytes)
        if self._storage() == "db":
            # 19.0 does not do it at this location; 17.0 and 18.0 do: two marks are as good
            for fname in replaced:
                self._file_delete(fname)

    # --- errors

    @api.model
    def _require_object_store(self, uri):
        store = self._get_object_store(uri.scheme, uri.container)
        if store is None:
            raise Refused(f"no addon serves {uri.scheme}://")
        return store

    @contextmanager
    def _store_access(self, name):
        """Enclose each use of a store, which must not be switched off; see _store_errors()."""
        with self._store_errors(name):
            self._attachment_storage_settings().require_enabled()
            yield

    @contextmanager
    def _store_errors(self, name):
        """Log the errors of a store, and raise them with a sentence for users.

        The error keeps its type. Its cause is dropped, because Odoo sends tracebacks to
        the browser and the cause names hosts.
        """
        try:
            yield
        except StoreError as error:
            _logger.warning("%s: %s: %s", name, type(error).__name__, error)
            spoken = type(error)(self._store_error_for_users(error))
            spoken.loglevel = logging.WARNING  # odoo.http adds a line and no traceback
            raise spoken from None

    @api.model
    def _store_error_for_users(self, error):
        if isinstance(error, NotFound):
            return _("The file is missing from the file storage.")
        if isinstance(error, Unavailable):
            return _("The file storage does not answer. Please try again in a moment.")
        return _("The file storage refused the request. Please tell your administrator.")
