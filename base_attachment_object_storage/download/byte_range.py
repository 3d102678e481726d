"""The range of bytes that a request asks for, by RFC 9110, section 14.

A server may respond to any ``Range`` with the whole file. This is the response to several ranges
at once, to units other than bytes, and to a malformed range. A range that begins after the end
of the file is an error (416).

``werkzeug.http.parse_range_header`` is not used: it responds with 416 to ``bytes=-200`` of a
shorter file, and with the whole file to ``bytes=-0``.
"""

import re
from dataclasses import dataclass

_SINGLE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class NotSatisfiableError(ValueError):
    """The file has no byte in the range."""


@dataclass(frozen=True)
class ByteRange:
    """``length`` bytes from ``start`` on, of a file of ``size`` bytes."""

    start: int
    length: int
    size: int

    def __str__(self) -> str:
        """Return the value of a Content-Range header."""
        return f"bytes {self.start}-{self.last}/{self.size}"

    @property
    def last(self) -> int:
        """The position of the last byte."""
        return self.start + self.length - 1

    @property
    def as_request(self) -> str:
        """The value of a Range header."""
        return f"bytes={self.start}-{self.last}"

    @classmethod
    def parse(cls, header: str, size: int) -> "ByteRange | None":
        """Return the range of a Range header; None if the response is the whole file.

        :raises NotSatisfiableError: if a file of ``size`` bytes has no byte of the range
        """
        match = _SINGLE_RANGE.fullmatch(header.strip())
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
