"""Attachments in a store as HTTP clients get them; see ``download/stream.py``."""

import functools
import logging
import os
import tempfile
from contextlib import closing, suppress
from functools import partial

from odoo import api, models
from odoo.exceptions import ValidationError

from .. import hooks
from ..download.delivery import PARAMETER, Serving, ServingError
from ..download.stream import StoreStream
from ..ownership.keys import check_digest
from ..store import ObjectReader, StoreUri
from ..upload.digested import Digested

_logger = logging.getLogger(__name__)


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _to_http_stream(self):
        self.ensure_one()
        if self._is_file_from_a_store(self.store_fname):
            return StoreStream.of(self)
        if hooks.core_from_attachment:
            return hooks.core_from_attachment(self)
        return super()._to_http_stream()

    @api.model
    def _full_path(self, path):
        """Return the path of a local file; of an object that of a copy, for code that opens it.

        Core's ``cloud_storage_migration`` does. The copy is deleted with the transaction's end.
        """
        if not self._is_file_from_a_store(path):
            return super()._full_path(path)
        with self._open_from_store(path) as reader:
            content = Digested.spooled(reader, reader.size)
        with closing(content), tempfile.NamedTemporaryFile(delete=False) as copy:
            for hooks_of_end in (self.env.cr.postcommit, self.env.cr.postrollback):
                hooks_of_end.add(partial(_remove, copy.name))
            check_digest(StoreUri.parse(path).key, content.sha256)
            content.copy_to(copy)
        return copy.name

    @api.model
    def _storage_serving(self):
        """Return who sends the bytes: as the database says, else as the environment does."""
        text = self.env["ir.config_parameter"].sudo().get_param(PARAMETER)
        if not text:
            return self._attachment_storage_settings().serving
        try:
            return Serving.parse(text)
        except ServingError as error:
            raise ValidationError(str(error)) from error

    @api.model
    def _seconds_of_urls(self):
        return self._attachment_storage_settings().url_seconds

    @api.model
    def _open_from_store(self, fname, start=0, length=None):
        """Return a reader of an object, or of a part; for use after the transaction as well."""
        uri = StoreUri.parse(fname)
        with self._store_access(fname):
            store = self._get_object_store(uri.scheme, uri.container)
            if store is not None:
                return store.open(uri.key, start, length)
            content = self._store_file_read(fname) or b""
            part = content[start : None if length is None else start + length]
            return ObjectReader([part], len(part), total=len(content))

    @api.model
    def _size_in_store(self, fname):
        """Return the size of an object in bytes; asks the store."""
        uri = StoreUri.parse(fname)
        with self._store_access(fname):
            store = self._get_object_store(uri.scheme, uri.container)
            if store is not None:
                return store.head(uri.key).size
            return len(self._store_file_read(fname) or b"")

    @api.model
    def _url_in_store(self, fname, content_type=None, disposition="", public=False):
        """Return a URL of an object for anyone, valid for a short time.

        None where the store has none, or none that gives the object this content type.

        :param public: at the address that browsers reach, where it is another one
        """
        uri = StoreUri.parse(fname)
        with self._store_access(fname):
            store = self._get_object_store(uri.scheme, uri.container)
            if store is None:
                return None
            seconds = self._seconds_of_urls()
            url = store.presign(uri.key, seconds, content_type, disposition, public)
            if url is None:
                _warn_of_missing_urls(uri.scheme)
            elif content_type and not store.presigns_content_type:
                # one object may serve rows of different types
                stored = store.head(uri.key).content_type
                return url if _essence(stored) == _essence(content_type) else None
            return url


@functools.cache
def _warn_of_missing_urls(scheme):
    """Tell once a process: it is a setting that is wrong, and not this download."""
    _logger.warning(
        "%s or ATTACHMENT_SERVING asks for URLs of the store, but %s signs none (Swift needs "
        "SWIFT_TEMP_URL_KEY): Odoo sends the files itself",
        PARAMETER,
        scheme,
    )


def _remove(path):
    with suppress(FileNotFoundError):
        os.unlink(path)


def _essence(content_type):
    return content_type.partition(";")[0].strip().lower()
