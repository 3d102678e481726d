"""The content of an object to store: bytes, or a file that is never completely in memory.

A request may have to be sent again, so a ``Section`` can be read any number of times, and a
file has to be seekable. One thread at a time reads a ``Content``.
"""

import functools
import hashlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from .errors import Integrity

CHUNK_SIZE = 512 * 1024  # bytes


def new_md5() -> Any:
    """Return an MD5 hash: every server checks it; it guards against accidents only."""
    return hashlib.md5(usedforsecurity=False)


class Content:
    """Bytes, or a file from its present position to its end; ``size`` is in bytes.

    ``declared_md5`` is the MD5 digest that the caller says it has, if any.
    """

    def __init__(self, source: bytes | BinaryIO, md5: str | None = None) -> None:
        self.source = source
        self.declared_md5 = bytes.fromhex(md5) if md5 else None
        if isinstance(source, bytes):
            self.size = len(source)
        else:
            self._start = source.tell()
            self.size = source.seek(0, io.SEEK_END) - self._start
            source.seek(self._start)

    @functools.cached_property
    def md5(self) -> bytes:
        """The MD5 digest that the caller declared, or the digest of the bytes."""
        if self.declared_md5 is not None:
            return self.declared_md5
        return self.computed_md5()

    def computed_md5(self) -> bytes:
        """Return the MD5 digest of the bytes; a file is read once, and set to its start."""
        digest = new_md5()
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            for chunk in self.section(0, self.size):
                digest.update(chunk)
            self.source.seek(self._start)
        result: bytes = digest.digest()
        return result

    def body(self) -> "bytes | SectionFile":
        """Return it as bytes or as a file that begins where the content does."""
        if isinstance(self.source, bytes):
            return self.source
        return SectionFile(self.source, self._start, self.size)

    def section(self, offset: int, length: int) -> "Section":
        """Return ``length`` bytes from ``offset`` on, to be read in chunks."""
        if isinstance(self.source, bytes):
            return Section(io.BytesIO(self.source), offset, length)
        return Section(self.source, self._start + offset, length)

    def part(self, offset: int, length: int) -> bytearray:
        """Return ``length`` bytes from ``offset`` on."""
        # not b"".join(), which has all chunks and the result in memory
        part = bytearray(length)
        at = 0
        for chunk in self.section(offset, length):
            part[at : at + len(chunk)] = chunk
            at += len(chunk)
        return part


class Section:
    """Some bytes of a file; each iteration starts at the first of them again."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._length
        while left:
            chunk = self._file.read(min(left, CHUNK_SIZE))
            if not chunk:
                raise Integrity(f"the file has become {left} bytes shorter")
            left -= len(chunk)
            yield chunk


class SectionFile(io.RawIOBase):
    """A section of a file as a separate file; it can be sent again after ``seek(0)``."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """Return True: the HTTP libraries read the section."""
        return True

    def seekable(self) -> bool:
        """Return True: botocore and requests seek before they send again."""
        return True

    def tell(self) -> int:
        """Return the position, in bytes from the section's begin."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position relative to ``whence``, and return it from the section's begin."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = begin + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read at most to the section's end, and return the number of bytes; 0 at the end."""
        self._file.seek(self._start + self._at)
        data = self._file.read(min(len(buffer), self._length - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
