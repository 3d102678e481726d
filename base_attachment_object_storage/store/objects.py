"""The description of an object, and a reader of its bytes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType

from .errors import OutOfRange, Unavailable


@dataclass(frozen=True)
class ObjectInfo:
    """The description of an object from a listing or from ``head``.

    ``size`` is in bytes. ``modified`` is a time in UTC with its offset; None if it is unknown.
    Only ``head`` returns ``content_type``.
    """

    key: str
    size: int
    modified: datetime | None = None
    content_type: str = ""


# some objects, and the start of the next page; None if there is no further page
Page = tuple[list[ObjectInfo], str | None]

Wait = Callable[[], AbstractContextManager[None]]


class ObjectReader:
    """The bytes of an object or of a part, in chunks; ``size`` is their number.

    ``total`` is the size of the whole object; None if it is unknown. A reader holds a connection:
    exhaust it, close it, or use it in a ``with`` block.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        size: int,
        close: Callable[[], None] = lambda: None,
        total: int | None = None,
    ) -> None:
        self.size = size
        self.total = total
        self.close = close
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    def read(self) -> bytes:  # pylint: disable=method-required-super
        """Return all bytes."""
        return b"".join(self)

    def begin(self, wait: Wait) -> None:
        """Receive the first chunk; all chunks if the first has all bytes.

        :param wait: encloses the wait for each further chunk
        """
        chunks = iter(self._chunks)
        try:
            received = list(islice(chunks, 1))
            if sum(map(len, received)) >= self.size:
                received += chunks  # the end of the response: its connection is free again
                self._chunks = received
                return
        except BaseException:
            self.close()
            raise
        self._chunks = _following(received, chunks, wait)

    def part(self, name: str, start: int, length: int | None) -> "ObjectReader":
        """Return a reader of the requested part, even if the server sent the whole object.

        :param name: of the object, for error messages
        :raises OutOfRange: if ``start`` is after the last byte
        :raises Unavailable: if the server sent neither the part nor the object
        """
        if self.total is None:
            return self
        rest = self.total - start
        size = rest if length is None else min(length, rest)
        if self.size == size:
            return self
        if self.size == self.total and size > 0:
            chunks = _bytes_between(self._chunks, start, start + size)
            return ObjectReader(chunks, size, self.close, self.total)
        self.close()
        if self.size == self.total:
            raise OutOfRange(f"{name}: there are {self.total} bytes")
        raise Unavailable(f"{name}: the response has {self.size} bytes, the part has {size}")

    def __enter__(self) -> "ObjectReader":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _following(
    received: list[bytes],
    chunks: Iterator[bytes],
    wait: Callable[[], AbstractContextManager[None]],
) -> Iterator[bytes]:
    while received:
        yield received.pop()
    while True:
        with wait():
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


def _bytes_between(chunks: Iterable[bytes], start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes of a body from ``start`` on, up to ``end``."""
    at = 0
    for chunk in chunks:
        if wanted := chunk[max(start - at, 0) : end - at]:
            yield wanted
        at += len(chunk)
        if at >= end:
            return


def total_of(content_range: str | None, size: int) -> int | None:
    """Return the size of an object from a response with ``size`` bytes.

    :param content_range: the header Content-Range, for example ``bytes 0-9/500``; None if the
        response is the whole object
    """
    if content_range is None:
        return size
    total = content_range.rpartition("/")[2].strip()
    return int(total) if total.isdecimal() else None
