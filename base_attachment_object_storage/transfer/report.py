"""The limits and the report of a move."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Limits:
    """The limits of a move; None means no limit. ``size`` is in bytes."""

    rows: int | None = None
    size: int | None = None
    seconds: float | None = None

    def allows(self, rows: int, size: int) -> bool:
        """Return True if another content may be started after so many rows and bytes."""
        return not (
            (self.rows is not None and rows >= self.rows)
            or (self.size is not None and size >= self.size)
        )


@dataclass
class MoveReport:
    """The result of a move, in rows and bytes; ``failed`` has attachment ids and reasons.

    ``total`` and ``total_bytes`` count the content that had to move; ``complete`` is True if the
    move has looked at all of it.
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
        """Update the time that has passed."""
        self.seconds = time.monotonic() - self._began

    @property
    def done(self) -> int:
        """Rows that the move has handled."""
        return self.moved + self.skipped + len(self.failed)

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.moved / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The time for the remaining rows at this rate; None if the rate is unknown."""
        left = self.total - self.moved - len(self.failed)
        return max(left, 0) / self.rate if self.rate else None

    def __str__(self) -> str:
        done = (
            f"{self.moved} of {self.total} moved ({self.bytes} of {self.total_bytes} bytes), "
            f"{self.skipped} skipped, {len(self.failed)} failed, {self.rate:.0f} per second"
        )
        left = self.seconds_left
        return done if left is None or self.complete else f"{done}, {left:.0f} seconds left"

    def as_dict(self) -> dict[str, Any]:
        """Return a form for JSON and XML-RPC, without None."""
        values = {k: v for k, v in asdict(self).items() if not k.startswith("_")}
        return {**values, "rate": self.rate, "seconds_left": self.seconds_left or 0.0}
