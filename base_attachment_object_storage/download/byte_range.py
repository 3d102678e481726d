"""Which bytes of a file a request asks for, as RFC 9110 has it in section 14.

A server may answer any ``Range`` with the whole file. So do several ranges at once, units
other than bytes, and what is no range at all; one range that lies behind the end is an
error (416).
"""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class NotSatisfiableError(ValueError):
    """No byte of the file is in the range."""


@dataclass(frozen=True)
class ByteRange:
    """``length`` bytes from ``start`` on, of a file of ``size`` bytes."""

    start: int
    length: int
    size: int

    def __str__(self) -> str:
        """Return it as Content-Range has it."""
        return f"bytes {self.start}-{self.last}/{self.size}"

    @property
    def last(self) -> int:
        return self.start + self.length - 1

    @property
    def as_request(self) -> str:
        """It as Range has it."""
        return f"bytes={self.start}-{self.last}"

    @classmethod
    def of(cls, header: str, size: int) -> "ByteRange | None":
        """Return the range of a Range header, None where the whole file is the answer.

        :raises NotSatisfiableError: when it has no byte of a file of ``size`` bytes
        """
        match = _ONE.fullmatch(header.strip())
        first, last = match.groups() if match else ("", "")
        if not (first or last) or not size:
            return None
        if not first:  # the last bytes
            start, stop = max(0, size - int(last)), size
        else:
            start, stop = int(first), min(int(last) + 1 if last else size, size)
            if last and int(last) < start:
                return None
        if start >= size:
            raise NotSatisfiableError(header)
        return cls(start, stop - start, size)
