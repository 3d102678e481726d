"""The content of an object to store: bytes, or a file that is never completely in memory.

A request may have to be sent again, so a ``Section`` can be read any number of times, and a
file has to be seekable. One thread at a time reads a ``Content``.
"""

import functools
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from .errors import Integrity

CHUNK_SIZE = 512 * 1024  # bytes
IN_MEMORY = 8 * 1024 * 1024  # bytes; larger content goes through a file


def new_md5() -> Any:
    """Return an MD5 hash: every server checks it; it guards against accidents only."""
    return hashlib.md5(usedforsecurity=False)


class Content:
    """Bytes, or a file from its position to its end; ``size`` is in bytes.

    ``declared_md5`` is the MD5 digest that the bytes must have, if it is known.
    """

    def __init__(
        self, source: bytes | bytearray | memoryview | BinaryIO, md5: str | None = None
    ) -> None:
        self.declared_md5 = bytes.fromhex(md5) if md5 else None
        self.source = bytes(source) if isinstance(source, bytearray | memoryview) else source
        if isinstance(self.source, bytes):
            self.size = len(self.source)
        else:
            self._start = self.source.tell()
            self.size = self.source.seek(0, io.SEEK_END) - self._start
            self.source.seek(self._start)

    @classmethod
    def from_chunks(cls, chunks: Iterable[bytes], size: int) -> "Content":
        """Return content that arrives in chunks; large content goes to a temporary file."""
        if size <= IN_MEMORY:
            return cls(b"".join(chunks))
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the content
        for chunk in chunks:
            file.write(chunk)
        file.seek(0)
        return cls(file)

    @functools.cached_property
    def md5(self) -> bytes:
        """The MD5 digest that was declared, or the digest of the bytes."""
        if self.declared_md5:
            return self.declared_md5
        if isinstance(self.source, bytes):
            return hashlib.md5(self.source, usedforsecurity=False).digest()
        return bytes.fromhex(self._file_digests["md5"])

    @functools.cached_property
    def sha256(self) -> str:
        """The SHA-256 digest of the bytes, hexadecimal."""
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        return self._file_digests["sha256"]

    @functools.cached_property
    def sha1(self) -> str:
        """The SHA-1 digest of the bytes, hexadecimal, which is Odoo's checksum."""
        if isinstance(self.source, bytes):
            return hashlib.sha1(self.source, usedforsecurity=False).hexdigest()
        return self._file_digests["sha1"]

    @functools.cached_property
    def _file_digests(self) -> dict[str, str]:
        """All digests of a file, which is read once; a file that changes then is an error."""
        digests = [hashlib.new(n, usedforsecurity=False) for n in ("sha256", "sha1", "md5")]
        for chunk in self.section(0, self.size):
            for digest in digests:
                digest.update(chunk)
        self.declared_md5 = self.declared_md5 or digests[-1].digest()
        return {digest.name: digest.hexdigest() for digest in digests}

    def to_bytes(self) -> bytes:
        """Return all bytes."""
        if isinstance(self.source, bytes):
            return self.source
        self.source.seek(self._start)
        return self.source.read()

    def copy_to(self, file: BinaryIO) -> None:
        """Write all bytes to a file."""
        for chunk in self.section(0, self.size):
            file.write(chunk)

    def close(self) -> None:
        """Close the file."""
        if not isinstance(self.source, bytes):
            self.source.close()

    def body(self) -> "bytes | SectionFile":
        """Return the bytes, or a file that begins with the content."""
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
    """A section of a file that is read like a separate file; a repeated request seeks to 0."""

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
