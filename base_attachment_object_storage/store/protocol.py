"""What an object store does: a few verbs that take a key, never a record.

One store is one bucket (S3) or container (Swift). A backend implements the abstract
verbs, raises nothing but the errors of ``errors.py``, and passes the suite in
``tests/store_contract.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import BinaryIO

from .errors import NotFound, StoreError

CHUNK_SIZE = 128 * 1024
OCTETS = "application/octet-stream"


@dataclass(frozen=True)
class ObjectInfo:
    """An object as listings and ``head`` describe it.

    ``size`` is in bytes, ``modified`` in UTC with its offset; None where the store does not
    tell.
    """

    key: str
    size: int
    modified: datetime | None = None


class ObjectReader:
    """The bytes of one object, in chunks; ``size`` says how many there will be.

    It holds a connection: exhaust it, close it, or use it in a ``with`` block.
    """

    def __init__(self, chunks: Iterable[bytes], size: int, close: Callable[[], None]) -> None:
        self.size = size
        self.close = close
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def read(self) -> bytes:  # pylint: disable=method-required-super
        return b"".join(self)

    def __enter__(self) -> "ObjectReader":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class ObjectStore(ABC):
    """One bucket or container."""

    container: str

    # whether presign() can decide the Content-Type of the answer
    presigns_content_type = False

    @abstractmethod
    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        md5: str | None = None,
        content_type: str = OCTETS,
    ) -> None:
        """Store ``content``; the store itself compares it with its checksum.

        :param content: bytes, or a seekable file, which is read in parts from where it
            stands to its end
        :param md5: hexadecimal; computed when left out. MD5 because every S3 and Swift
            server checks it; against accidents, not attackers.
        :raises Integrity: when the bytes that arrived are others; nothing is stored
        """

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> ObjectReader:
        """Return a reader of the object, or of ``length`` bytes from ``start`` on.

        A length beyond the end gives what there is.

        :raises Refused: when ``start`` lies behind the last byte of an object
        """

    @abstractmethod
    def head(self, key: str) -> ObjectInfo:
        """Return what is known of an object without its bytes."""

    @abstractmethod
    def delete_many(self, keys: Iterable[str]) -> dict[str, StoreError]:
        """Delete objects and return an error for each that was not deleted.

        An object that does not exist counts as deleted.
        """

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield every object whose key starts with ``prefix``, ordered by key."""

    @abstractmethod
    def create_container(self) -> None:
        """Create the bucket or container; it may exist already if it is ours."""

    def presign(
        self, key: str, seconds: int, content_type: str | None = None, disposition: str = ""
    ) -> str | None:
        """Return a URL that gives the object to anyone for some seconds; sends nothing.

        :param content_type: of the answer, where ``presigns_content_type``; else the stored one
        :param disposition: the Content-Disposition of the answer
        :return: None where the store has no such URLs
        """
        return None

    def read(self, key: str) -> bytes:  # pylint: disable=method-required-super
        """Return all bytes of an object."""
        with self.open(key) as reader:
            return reader.read()

    def exists(self, key: str) -> bool:
        """Say whether there is such an object."""
        try:
            self.head(key)
        except NotFound:
            return False
        return True
