"""Attachments in a store, for HTTP clients; see ``download/stream.py``."""

import os
import tempfile
from contextlib import closing, suppress
from functools import partial

from odoo import api, models
from odoo.exceptions import ValidationError

from .. import hooks
from ..download.delivery import DeliveryRule
from ..download.serving import PARAMETER, Serving, ServingError
from ..download.stored_object import HookedObject, StoredObject
from ..download.stream import StoreStream
from ..ownership.keys import check_digest
from ..store import StoreUri
from ..store.content import Content


class IrAttachment(models.Model):
    """Makes the HTTP streams of attachments in a store."""

    _inherit = "ir.attachment"

    def _to_http_stream(self):
        self.ensure_one()
        name = self.store_fname
        if self._is_file_from_a_store(name):
            settings = self._attachment_storage_settings()
            return StoreStream.from_record(
                self,
                stored=self._stored_object(name, settings),
                rule=DeliveryRule(self._storage_serving(), settings.url_seconds),
                access=partial(self._store_errors, name),
                read_object=partial(self._read_from_store, name),
            )
        if hooks.core_from_attachment:
            return hooks.core_from_attachment(self)
        return super()._to_http_stream()

    @api.model
    def _full_path(self, path):
        """Return the path of a local file, or of a copy of an object, for code that opens it.

        For example, core's ``cloud_storage_migration`` does so. The copy is deleted at the end
        of the transaction.
        """
        if not self._is_file_from_a_store(path):
            return super()._full_path(path)
        stored = self._stored_object(path, self._attachment_storage_settings())
        with self._store_errors(path), stored.open() as reader:
            content = Content.from_chunks(reader, reader.size)
        with closing(content), tempfile.NamedTemporaryFile(delete=False) as copy:
            for callbacks in (self.env.cr.postcommit, self.env.cr.postrollback):
                callbacks.add(partial(_remove, copy.name))
            check_digest(StoreUri.parse(path).key, content.sha256)
            content.copy_to(copy)  # type: ignore[arg-type]
        return copy.name

    @api.model
    def _storage_serving(self):
        """Return the preferred sender of downloads: of this database, else of this process."""
        text = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
        if not text:
            return self._attachment_storage_settings().serving
        try:
            return Serving.parse(text)
        except ServingError as error:
            raise ValidationError(str(error)) from error

    @api.model
    def _stored_object(self, fname, settings):
        """Return the object that a name denotes; this sends no request to the store.

        The object may be read after the end of the transaction. If the storage is switched off,
        and so may lack the settings of the store, each use of the object is ``Unavailable``.
        """
        uri = StoreUri.parse(fname)
        if settings.disabled:
            return HookedObject(fname, settings.require_enabled)
        store = self._get_object_store(uri.scheme, uri.container)
        if store is None:
            return HookedObject(fname, partial(self._store_file_read, fname))
        return StoredObject(fname, store, uri.key)


def _remove(path):
    with suppress(FileNotFoundError):
        os.unlink(path)
