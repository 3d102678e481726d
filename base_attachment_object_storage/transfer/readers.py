"""The readers of content that a move copies: from the database, local files and stores.

Only the look-up of a store needs the environment.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..store import ObjectStore, Refused, StoreUri
from ..store.content import Content
from .copy import Source, fail
from .destinations import read_file, read_object
from .rows import Group


class Readers:
    """Make a ``Source`` of each group of rows; each store is looked up once."""

    def __init__(self, attachments: Any) -> None:
        self._attachments = attachments
        self._stores: dict[tuple[str, str], ObjectStore | None] = {}

    def source(self, group: Group) -> Source:
        """Return the source of a group."""
        name = group.rows[0].store_fname
        if not name:
            return Source(group.rows, self._of_row(group.content))
        if not self._attachments._is_file_from_a_store(name):
            return Source(group.rows, partial(read_file, self._attachments._full_path(name)))
        try:
            uri = StoreUri.parse(name)
        except ValueError as error:
            return Source(group.rows, partial(fail, Refused(str(error))))
        store = self._store(uri.scheme, uri.container)
        if store is None:  # older hooks may use the cursor
            return Source(group.rows, partial(self._read_by_hook, name), in_thread=False)
        return Source(group.rows, partial(read_object, store, uri.key))

    def _of_row(self, content: bytes | Exception) -> Callable[[], Content]:
        return (
            partial(fail, content) if isinstance(content, Exception) else partial(Content, content)
        )

    def _store(self, scheme: str, container: str) -> ObjectStore | None:
        place = scheme, container
        if place not in self._stores:
            self._stores[place] = self._attachments._get_object_store(*place)
        return self._stores[place]

    def _read_by_hook(self, name: str) -> Content:
        return Content(self._attachments._read_from_store(name))
