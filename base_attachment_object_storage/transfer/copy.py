"""Copy one content to the destination of a move, and verify it; no ORM.

::

    Source            one distinct content, and the rows that have it
    copy_content()    in a thread: read, compare with the checksum, give to the destination
    Copied            the result, or the reason of a failure
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from ..store.content import Content
from ..store.errors import Integrity, Unavailable
from .destinations import Destination
from .rows import Row

# PostgreSQL accepts 1 GiB in one statement, in which each byte has two digits. Larger content
# could be written in parts, but never be read again.
LARGEST_IN_DATABASE = 500 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A content that one or more rows have.

    ``read`` is called in a thread if ``in_thread`` is True.
    """

    rows: tuple[Row, ...]
    read: Callable[[], Content]
    in_thread: bool = True

    def read_now(self) -> "Source":
        """Return the same source with its content in memory, or with the error of reading it."""
        try:
            content = self.read()
        except Exception as error:  # noqa: BLE001  # copy_content() handles it
            return replace(self, read=partial(fail, error))
        return replace(self, read=lambda: content)

    @property
    def checksum(self) -> str | None:
        """The checksum of the rows; None if they have no checksum."""
        return self.rows[0].checksum

    @property
    def mimetype(self) -> str:
        """The MIME type of the first row."""
        return self.rows[0].mimetype


@dataclass(frozen=True)
class Copied:
    """The result of a copy: the name of the object and its size, or a problem.

    ``content`` are the bytes for rows that keep them in the database. ``refusal`` is the error
    of a destination that refused this content.
    """

    source: Source
    size: int = 0
    store_fname: str | None = None
    content: bytes | None = None
    problem: str | None = None
    refusal: Exception | None = None


def copy_content(source: Source, destination: Destination, verify: bool = False) -> Copied:
    """Read a source, compare it with its checksum, and give it to its destination.

    An error of the source is reported, and the source is left unchanged. Only a store that does
    not respond raises; so does any error of the destination.

    :param verify: read the stored content again and compare it
    :raises Integrity: if the stored content differs
    """
    kept = [destination.keeps_in_database(row) for row in source.rows]
    if any(kept) and source.rows[0].size > LARGEST_IN_DATABASE:
        return Copied(source, problem=_too_large(source.rows[0].size))
    try:
        content = source.read()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  # the other contents move
        return Copied(source, problem=explain(error))
    try:
        if problem := _mismatch(source, content, any(kept)):
            return Copied(source, problem=problem)
        name = None if all(kept) else destination.put(content, source.mimetype)
        if name and verify:
            _compare(content, destination.read_back(name), name)
        return Copied(source, content.size, name, content.to_bytes() if any(kept) else None)
    finally:
        content.close()


def explain(error: Exception) -> str:
    """Return the reason that a report gives for an error."""
    if isinstance(error, MemoryError):
        return "the content does not fit into the memory of this process"
    return str(error).strip() or type(error).__name__


def fail(error: Exception) -> Content:
    """Raise an error: the ``read`` of a source that cannot be read."""
    raise error


def _too_large(size: int) -> str:
    return f"the content is too large for the database: {size} bytes of {LARGEST_IN_DATABASE}"


def _compare(content: Content, stored: Content, name: str) -> None:
    try:
        if stored.sha256 != content.sha256:
            raise Integrity(f"{name} differs from the content that was stored")
    finally:
        stored.close()


def _mismatch(source: Source, content: Content, keep_content: bool) -> str | None:
    if not content.size:
        return "the content is missing"
    if source.checksum and source.checksum != content.sha1:
        return "the content does not match its checksum"
    if keep_content and content.size > LARGEST_IN_DATABASE:
        return _too_large(content.size)
    return None
