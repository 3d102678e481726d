"""What a store says of an object, and the bytes that it sends."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType


@dataclass(frozen=True)
class ObjectInfo:
    """An object as listings and ``head`` describe it.

    ``size`` is in bytes, ``modified`` in UTC with its offset; None where the store does not
    tell. Only ``head`` tells ``content_type``.
    """

    key: str
    size: int
    modified: datetime | None = None
    content_type: str = ""


# some objects, and where the rest begins; None: there is no more
Page = tuple[list[ObjectInfo], str | None]


class ObjectReader:
    """The bytes of one object, in chunks; ``size`` says how many there will be.

    ``total`` is the size of the whole object; None where the store does not tell. It holds a
    connection: exhaust it, close it, or use it in a ``with`` block.
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


def total_of(content_range: str | None, size: int) -> int | None:
    """Return the size of an object of which a server has sent ``size`` bytes.

    :param content_range: the answer's Content-Range, as ``bytes 0-9/500``; a whole object
        has none
    """
    if content_range is None:
        return size
    total = content_range.rpartition("/")[2].strip()
    return int(total) if total.isdecimal() else None
