"""The patches of core that this addon installs; other databases do not notice them.

Streams, on Odoo 17.0: from 18.0 on a model decides how an attachment is streamed
(``_to_http_stream``). 17.0 has the class method ``http.Stream.from_attachment`` instead:
there it asks the model where the model has an answer.

Updates: while modules are installed or updated, those that load before the addon of a
store work on a registry without it. Core treats an unknown location as the local file
store: it would write files that no other front-end finds, and read nothing.
Until the addon is loaded, new content goes to the database instead (``_register_hook``
moves it when all is loaded), objects are read, and those that a row drops are marked.
"""

from collections.abc import Callable
from typing import Any

from odoo import http
from odoo.tools.sql import table_exists

from odoo.addons.base.models.ir_attachment import IrAttachment

from .garbage.marks import GARBAGE_TABLE, mark
from .settings import storage_settings
from .store import StoreUri

# None from 18.0 on
core_from_attachment = getattr(http.Stream, "from_attachment", None)


def delegate_streams() -> None:
    """Make 17.0's ``Stream.from_attachment`` ask the model."""
    if core_from_attachment is None:
        return

    def from_attachment(cls: type, attachment: Any) -> Any:
        if hasattr(attachment, "_to_http_stream"):
            return attachment._to_http_stream()
        return core_from_attachment(attachment)

    http.Stream.from_attachment = classmethod(from_attachment)


_core_storage = IrAttachment._storage
_core_file_read = IrAttachment._file_read
_core_file_delete = IrAttachment._file_delete

# how to read an object without a registry, by scheme
_readers: dict[str, Callable[[StoreUri], bytes]] = {}


def serve_before_loaded(scheme: str, read: Callable[[StoreUri], bytes]) -> None:
    """Patch core's model for registries that have not loaded the store's addon yet."""
    _readers[scheme] = read
    IrAttachment._storage = _storage
    IrAttachment._file_read = _file_read
    IrAttachment._file_delete = _file_delete


def _is_left_to_core(attachments: Any, scheme: str) -> bool:
    """Return True if core serves a scheme, whose addon is not in the registry."""
    return scheme in _readers and scheme not in getattr(attachments, "_get_stores", list)()


def _storage(self: Any) -> Any:
    location = _core_storage(self)
    return "db" if _is_left_to_core(self, location) else location


def _file_read(self: Any, fname: str, size: int | None = None) -> Any:
    scheme = fname.partition("://")[0]
    if not _is_left_to_core(self, scheme):
        # only 19.0 knows the size
        return _core_file_read(self, fname, *([] if size is None else [size]))
    storage_settings().require_enabled()
    # a missing file is an error too: a value computed from it would replace the stored value
    return _readers[scheme](StoreUri.parse(fname))[:size]


def _file_delete(self: Any, fname: str) -> Any:
    if not _is_left_to_core(self, fname.partition("://")[0]):
        return _core_file_delete(self, fname)
    if table_exists(self.env.cr, GARBAGE_TABLE):
        mark(self.env.cr, fname)
    return None
