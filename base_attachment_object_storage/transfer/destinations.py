"""The destinations of a move: a store, core's file store, or the database."""

import contextlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..garbage.locks import SHARDS, lock_shared
from ..store import CHUNK_SIZE, NotFound, ObjectStore, StoreUri
from ..store.content import Content
from ..upload.placement import Placement
from ..upload.put import put_owned
from .rows import Row


class Destination(Protocol):
    """A place to which a move copies content.

    ``put()`` and ``read_back()`` are called in threads if ``in_thread`` is True.
    """

    location: str
    in_thread: bool

    def keeps_in_database(self, row: Row) -> bool:
        """Return True if the content of this row belongs in the database."""

    def put(self, content: Content, mimetype: str) -> str:
        """Store content and return its ``store_fname``."""

    def read_back(self, name: str) -> Content:
        """Return stored content."""

    def protect(self, cursor: Any) -> None:
        """Keep collections away from this destination until the end of the transaction."""


class DatabaseDestination:
    """The database: all content stays in the rows, and is neither put nor read back."""

    location = "db"
    in_thread = True

    def keeps_in_database(self, _row: Row) -> bool:
        """Return True."""
        return True

    def put(self, content: Content, mimetype: str) -> str:
        """Raise an error: content is not stored outside the rows."""
        raise NotImplementedError

    def read_back(self, name: str) -> Content:
        """Raise an error: content is not stored outside the rows."""
        raise NotImplementedError

    def protect(self, cursor: Any) -> None:
        """Do nothing: no collection deletes content from rows."""


@dataclass(frozen=True)
class FilestoreDestination:
    """Core's file store in a local directory."""

    root: str
    location = "file"
    in_thread = True

    def keeps_in_database(self, _row: Row) -> bool:
        """Return False."""
        return False

    def put(self, content: Content, _mimetype: str) -> str:
        """Store a file unless it exists, and return its name."""
        name = f"{content.sha1[:2]}/{content.sha1}"
        path = os.path.join(self.root, name)
        if not _has_content(path, content):
            _write_file(path, content)
        return name

    def read_back(self, name: str) -> Content:
        """Return the content of a file."""
        return read_file(os.path.join(self.root, name))

    def protect(self, cursor: Any) -> None:
        """Keep core's collection away, which locks the table in a conflicting mode."""
        cursor.execute("LOCK TABLE ir_attachment IN ROW EXCLUSIVE MODE")


@dataclass(frozen=True)
class _Store:
    location: str
    placement: Placement

    def keeps_in_database(self, row: Row) -> bool:
        """Return True if the placement rule keeps the row in the database."""
        return self.placement.stays_in_database(row.mimetype, row.size)

    def protect(self, cursor: Any) -> None:
        """Lock all shards: a move may store any key, or find that its object exists."""
        lock_shared(cursor, range(SHARDS))


@dataclass(frozen=True)
class StoreDestination(_Store):
    """A store; ``owner`` is the prefix of the keys."""

    store: ObjectStore
    owner: str
    in_thread = True

    def put(self, content: Content, mimetype: str) -> str:
        """Store an object unless it exists, and return its name."""
        key = put_owned(self.store, self.owner, content, mimetype)
        return str(StoreUri(self.location, self.store.container, key))

    def read_back(self, name: str) -> Content:
        """Return the content of an object."""
        return read_object(self.store, StoreUri.parse(name).key)


@dataclass(frozen=True)
class HookDestination(_Store):
    """A store of an addon that has only the older hooks, which may use the cursor."""

    upload: Callable[[bytes], str]
    read_bytes: Callable[[str], bytes]
    in_thread = False

    def put(self, content: Content, _mimetype: str) -> str:
        """Store content by the hook, and return its name."""
        return self.upload(content.to_bytes())

    def read_back(self, name: str) -> Content:
        """Return the content that the hook reads."""
        return Content(self.read_bytes(name))


def read_object(store: ObjectStore, key: str) -> Content:
    """Return the content of an object; large content is in a temporary file."""
    with store.open(key) as reader:
        return Content.from_chunks(reader, reader.size)


def read_file(path: str) -> Content:
    """Return the content of a local file.

    :raises NotFound: if it is missing
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return Content.from_chunks(iter(lambda: file.read(CHUNK_SIZE), b""), size)
    except FileNotFoundError:
        raise NotFound("the local file is missing") from None


def _has_content(path: str, content: Content) -> bool:
    try:
        if os.path.getsize(path) != content.size:
            return False
        stored = read_file(path)
    except (FileNotFoundError, NotFound):
        return False
    try:
        return stored.sha256 == content.sha256
    finally:
        stored.close()


def _write_file(path: str, content: Content) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{uuid.uuid4().hex}"  # with the permissions of core's files
    try:
        with open(temporary, "wb") as file:
            content.copy_to(file)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
