"""A store in a local directory, for tests and benchmarks; no deployment can choose it.

A container is a folder, a slash in a key is a folder, an object is a file. Names are quoted
and end with a character that quoted names do not contain. So any key has a separate file name,
and no key leads out of its container::

    a/b c          a+/b%20c=
    ..             ..=
    a very long…   a very lon,/g…=      (a file name has at most 255 bytes)

An object appears by a rename after all its bytes are on the disk.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

from ..base import ObjectStore
from ..content import CHUNK_SIZE, Content
from ..errors import Conflict, Integrity, NotFound, OutOfRange, Refused, StoreError, Unavailable
from ..objects import ObjectInfo, ObjectReader

FOLDER, OBJECT, CONTINUED = "+", "=", ","
PIECE = 200
REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EISDIR}


class DirectoryStore(ObjectStore):
    """A folder below ``root``."""

    backend = "directory"

    def __init__(self, root: Path, container: str) -> None:
        self.container = container
        self._folder = root / quote(container, safe="")

    def _create_container(self) -> None:
        with _translated(self.container):
            self._folder.mkdir(exist_ok=True)

    def _put(self, key: str, content: Content, content_type: str) -> None:
        self._write_then(os.replace, key, content)

    def _put_new(self, key: str, content: Content, content_type: str) -> None:
        def link(temporary: str, path: Path) -> None:
            try:
                os.link(temporary, path)
            except FileExistsError as error:
                raise Conflict(f"there is an object {key!r} already") from error
            os.unlink(temporary)

        self._write_then(link, key, content)

    def _write_then(self, rename: Callable[[str, Path], None], key: str, content: Content) -> None:
        path = self._path(key)
        self._require_container()
        with _translated(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            # listings ignore it, because its name does not end with OBJECT
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix="incoming-", suffix="-")
            try:
                with open(handle, "wb") as file:
                    _write(file, content, key)
                rename(temporary, path)
            except BaseException:
                os.unlink(temporary)
                raise
            _sync_folder(path.parent)

    def _open(self, key: str, start: int, length: int | None) -> ObjectReader:
        path = self._path(key)
        with self._reading(key):
            file = path.open("rb")
        size = os.fstat(file.fileno()).st_size
        if (start or length) and start >= size:
            file.close()
            raise OutOfRange(f"{key!r} has only {size} bytes")
        file.seek(start)
        wanted = size - start if length is None else min(length, size - start)
        return ObjectReader(_chunks(file, wanted, key), wanted, file.close, size)

    def _head(self, key: str) -> ObjectInfo:
        with self._reading(key):
            return _info(key, self._path(key))

    def _delete_batch(self, keys: list[str]) -> dict[str, StoreError]:
        self._require_container()
        failures: dict[str, StoreError] = {}
        for key in keys:
            try:
                # NotFound: one of its folders is missing
                with suppress(NotFound), _translated(key):
                    self._path(key).unlink(missing_ok=True)
            except StoreError as error:
                failures[key] = error
        return failures

    def _page(self, prefix: str, after: str | None) -> tuple[list[ObjectInfo], str | None]:
        self._require_container()
        with _translated(prefix):
            found = sorted((_key(path.relative_to(self._folder)), path) for path in self._files())
            return [_info(key, path) for key, path in found if key.startswith(prefix)], None

    def _files(self) -> Iterator[Path]:
        return self._folder.rglob("*" + OBJECT)

    def _path(self, key: str) -> Path:
        if not key:
            raise Refused("an object needs a key")
        try:
            *folders, name = (quote(part, safe="") for part in key.split("/"))
        except UnicodeEncodeError as error:
            raise Refused(f"{key!r} is not Unicode text") from error
        parts = [piece for folder in folders for piece in _pieces(folder + FOLDER)]
        return self._folder.joinpath(*parts, *_pieces(name + OBJECT))

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        try:
            with _translated(key):
                yield
        except NotFound:
            self._require_container()
            raise

    def _require_container(self) -> None:
        if not self._folder.is_dir():
            raise Refused(f"there is no container {self.container!r}")


def _pieces(name: str) -> list[str]:
    pieces = [name[at : at + PIECE] for at in range(0, len(name), PIECE)]
    return [piece + CONTINUED for piece in pieces[:-1]] + pieces[-1:]


def _key(path: Path) -> str:
    joined = "".join(part.removesuffix(CONTINUED) for part in path.parts)
    return unquote(joined.removesuffix(OBJECT).replace(FOLDER, "/"))


def _info(key: str, path: Path) -> ObjectInfo:
    status = path.stat()
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, timezone.utc))


def _write(file: BinaryIO, content: Content, key: str) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in content.section(0, content.size):
        file.write(chunk)
        digest.update(chunk)
    if digest.digest() != content.md5:
        raise Integrity(f"the checksum of {key!r} does not match")
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _chunks(file: BinaryIO, wanted: int, key: str) -> Iterator[bytes]:
    with file, _translated(key):
        while wanted:
            chunk = file.read(min(wanted, CHUNK_SIZE))
            if not chunk:
                raise Unavailable(f"{key}: the file has become shorter")
            wanted -= len(chunk)
            yield chunk


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"{name}: {error.strerror}") from error
    except OSError as error:
        kind = Refused if error.errno in REFUSALS else Unavailable  # for example a full disk
        raise kind(f"{name}: {error.strerror}") from error
