"""Moving content from where it is to where it belongs, one file after the other.

Pure: what to read, where to put it and how to change a row come in as functions. The
rows are the state, so a move that was cut short is simply started again.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .store.errors import Integrity, NotFound, Refused


@dataclass(frozen=True)
class Row:
    """An attachment as it was when the move looked at it; ``size`` is in bytes."""

    id: int
    store_fname: str | None
    checksum: str | None
    mimetype: str
    size: int


@dataclass(frozen=True)
class Place:
    """Where content belongs: an object's name, or the database with the content itself."""

    store_fname: str | None
    db_datas: bytes | None = None


@dataclass
class MoveReport:
    """What a move did; ``failed`` has an attachment's id and the reason."""

    moved: int = 0
    skipped: int = 0
    bytes: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.moved} moved ({self.bytes} bytes), {self.skipped} skipped, "
            f"{len(self.failed)} failed"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def move_batch(
    rows: Iterable[Row],
    report: MoveReport,
    read: Callable[[Row], bytes],
    place: Callable[[Row, bytes], Place],
    swap: Callable[[Row, Place], bool],
) -> None:
    """Put the content of ``rows`` into its place, then change the rows; add to ``report``.

    ``place`` uploads what belongs to the store.

    The rows come last and together: their locks are held for no upload. A source that is
    missing, wrong or forbidden is reported and left as it is. A store that does not take
    content ends the move: the error is raised.
    """
    placed = []
    for row in rows:
        try:
            content = verified(row, read(row))
        except (NotFound, Integrity, Refused) as error:
            report.failed.append((row.id, str(error)))
        else:
            placed.append((row, place(row, content), len(content)))
    for row, new_place, size in placed:
        if swap(row, new_place):
            report.moved += 1
            report.bytes += size
        else:
            report.skipped += 1


def verified(row: Row, content: bytes) -> bytes:
    """Return ``content`` if it is what the row says.

    :raises NotFound: when there is none, as core reads a missing file
    :raises Integrity: when it is not what the checksum (SHA-1, hexadecimal) names
    """
    if not content:
        raise NotFound("the content is missing")
    if row.checksum and row.checksum != hashlib.sha1(content, usedforsecurity=False).hexdigest():
        raise Integrity("the content is not what its checksum names")
    return content
