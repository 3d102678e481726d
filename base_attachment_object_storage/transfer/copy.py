"""Moving content from where it is to where it belongs; no ORM.

::

    Source      one distinct content, and the rows that have it
    carry()     in a thread: read, compare with its checksum, hand to the target
    MoveReport  what was done, how fast, and what is left

The rows are the state, so a move that was cut short is simply started again: what it has
committed is in its place.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from ..store.content import CHUNK_SIZE
from ..store.errors import Integrity, NotFound, Unavailable
from ..upload.digested import Digested

# What PostgreSQL accepts in one statement is 1 GiB, in which each byte has two digits; what is
# larger could be written in parts, but never be read again.
LARGEST_IN_DATABASE = 500 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """An attachment as it was when the move looked at it; ``size`` is in bytes."""

    id: int
    store_fname: str | None
    checksum: str | None
    mimetype: str
    size: int


@dataclass(frozen=True)
class Source:
    """A content that one or more rows have; ``read`` is called in a thread, if that may be."""

    rows: tuple[Row, ...]
    read: Callable[[], Digested]
    in_thread: bool = True

    def read_now(self) -> "Source":
        """Return the same with its content, or with the reason why it cannot be read."""
        try:
            content = self.read()
        except Exception as error:  # noqa: BLE001  # carry() decides what it means
            return replace(self, read=partial(fail, error))
        return replace(self, read=lambda: content)

    @property
    def checksum(self) -> str | None:
        return self.rows[0].checksum

    @property
    def mimetype(self) -> str:
        return self.rows[0].mimetype


@dataclass(frozen=True)
class Carried:
    """What became of a source: the name of its object, its bytes, or the reason why not.

    ``refusal`` is the error of the target, where it refused this content.
    """

    source: Source
    size: int = 0
    store_fname: str | None = None
    content: bytes | None = None
    problem: str | None = None
    refusal: Exception | None = None


@dataclass(frozen=True)
class Limits:
    """Where a move ends before its end; None: it does not. ``size`` is in bytes."""

    rows: int | None = None
    size: int | None = None
    seconds: float | None = None

    def take(self, taken: int, size: int) -> bool:
        """Say whether one more content may be begun after so much."""
        return not (
            (self.rows is not None and taken >= self.rows)
            or (self.size is not None and size >= self.size)
        )


@dataclass
class MoveReport:
    """What a move did, in rows and bytes; ``failed`` has an attachment's id and the reason.

    ``total`` and ``total_bytes`` are what there was to move; ``complete`` says whether the
    move looked at all of it.
    """

    moved: int = 0
    skipped: int = 0
    bytes: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    total: int = 0
    total_bytes: int = 0
    seconds: float = 0.0
    complete: bool = False
    _began: float = field(default_factory=time.monotonic, repr=False)

    def tick(self) -> None:
        """Note the time that has passed."""
        self.seconds = time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.moved / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate; None where nobody can say."""
        left = self.total - self.moved - len(self.failed)
        return max(left, 0) / self.rate if self.rate else None

    def __str__(self) -> str:
        done = (
            f"{self.moved} of {self.total} moved ({self.bytes} of {self.total_bytes} bytes), "
            f"{self.skipped} skipped, {len(self.failed)} failed, {self.rate:.0f} a second"
        )
        left = self.seconds_left
        return done if left is None or self.complete else f"{done}, {left:.0f} seconds left"

    def as_dict(self) -> dict[str, Any]:
        """Return a form for JSON and XML-RPC, which knows no None."""
        values = {k: v for k, v in asdict(self).items() if not k.startswith("_")}
        return {**values, "rate": self.rate, "seconds_left": self.seconds_left or 0.0}


def carry(
    source: Source,
    put: Callable[[Digested, str], str] | None,
    keep_content: bool,
    read_again: Callable[[str], Digested] | None = None,
) -> Carried:
    """Read a source, check it, and hand it to its target.

    Whatever is wrong with a source is reported, and the source is left as it is. Only a store
    that does not answer raises; so does any error of the target.

    :param put: stores the content and returns its name; None where no store is the target
    :param keep_content: return the bytes as well, for the database
    :param read_again: reads what was put, by its name, to compare it
    :raises Integrity: when that is something else
    """
    if keep_content and source.rows[0].size > LARGEST_IN_DATABASE:
        return Carried(source, problem=_too_large(source.rows[0].size))
    try:
        content = source.read()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the others move
        return Carried(source, problem=explain(error))
    try:
        problem = _mismatch(source, content, keep_content)
        if problem:
            return Carried(source, problem=problem)
        name = put(content, source.mimetype) if put else None
        if name and read_again:
            _compare(content, read_again(name), name)
        kept = content.whole() if keep_content else None
        return Carried(source, content.size, name, kept)
    finally:
        content.close()


def explain(error: Exception) -> str:
    """Return the reason that a report gives for an error."""
    if isinstance(error, MemoryError):
        return "the content does not fit into the memory of this process"
    return str(error).strip() or type(error).__name__


def _too_large(size: int) -> str:
    return f"the content is too large for the database: {size} bytes of {LARGEST_IN_DATABASE}"


def _compare(content: Digested, again: Digested, name: str) -> None:
    try:
        if again.sha256 != content.sha256:
            raise Integrity(f"{name} is not what was stored")
    finally:
        again.close()


def put_local(root: str, content: Digested, _mimetype: str) -> str:
    """Have a file with this content in core's file store; return the name that rows have."""
    name = f"{content.sha1[:2]}/{content.sha1}"
    path = os.path.join(root, name)
    if _has_content(path, content):
        return name
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{uuid.uuid4().hex}"  # with the rights that core's files have
    try:
        with open(temporary, "wb") as file:
            content.copy_to(file)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    return name


def read_local(path: str) -> Digested:
    """Read a file of core's file store.

    :raises NotFound: when it is missing
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return Digested.spooled(iter(lambda: file.read(CHUNK_SIZE), b""), size)
    except FileNotFoundError:
        raise NotFound("the local file is missing") from None


def _has_content(path: str, content: Digested) -> bool:
    try:
        if os.path.getsize(path) != content.size:
            return False
        there = read_local(path)
    except (FileNotFoundError, NotFound):
        return False
    there.close()
    return there.sha256 == content.sha256


def fail(error: Exception) -> Digested:
    """Be the ``read`` of a source that cannot be read."""
    raise error


def _mismatch(source: Source, content: Digested, keep_content: bool) -> str | None:
    if not content.size:
        return "the content is missing"
    if source.checksum and source.checksum != content.sha1:
        return "the content is not what its checksum names"
    if keep_content and content.size > LARGEST_IN_DATABASE:
        return _too_large(content.size)
    return None
