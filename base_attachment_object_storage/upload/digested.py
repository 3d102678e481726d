"""Content on its way to a store: bytes, or a file that is too large to be held in memory."""

import hashlib
import tempfile
from collections.abc import Iterable
from typing import BinaryIO

from ..store.content import CHUNK_SIZE

IN_MEMORY = 8 * 1024 * 1024  # bytes; larger content goes through a file


class Digested:
    """Bytes or a seekable file, with its size in bytes and its digests, all hexadecimal."""

    def __init__(self, data: bytes | bytearray | memoryview | BinaryIO) -> None:
        self.data = bytes(data) if isinstance(data, bytearray | memoryview) else data
        digests = [
            hashlib.sha256(),
            hashlib.sha1(usedforsecurity=False),
            hashlib.md5(usedforsecurity=False),
        ]
        self.size = 0
        for chunk in self._chunks():
            self.size += len(chunk)
            for digest in digests:
                digest.update(chunk)
        self.sha256, self.sha1, self.md5 = (digest.hexdigest() for digest in digests)
        self.rewind()

    @classmethod
    def spooled(cls, chunks: Iterable[bytes], size: int) -> "Digested":
        """Return content that comes in chunks; large content goes to a temporary file."""
        if size <= IN_MEMORY:
            return cls(b"".join(chunks))
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the content
        for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        return cls(file)

    def whole(self) -> bytes:
        """Return all of it."""
        if isinstance(self.data, bytes):
            return self.data
        self.rewind()
        return self.data.read()

    def copy_to(self, file: BinaryIO) -> None:
        """Write all of it to a file."""
        self.rewind()
        for chunk in self._chunks():
            file.write(chunk)

    def rewind(self) -> None:
        if not isinstance(self.data, bytes):
            self.data.seek(0)

    def close(self) -> None:
        if not isinstance(self.data, bytes):
            self.data.close()

    def _chunks(self) -> Iterable[bytes]:
        data = self.data
        if isinstance(data, bytes):
            return (data,)
        return iter(lambda: data.read(CHUNK_SIZE), b"")
