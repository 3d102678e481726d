"""The access lines of werkzeug and gevent: their fields, and the routes that are not logged.

The line is written when the head of the answer is sent (werkzeug), or after the request has
ended (gevent), so an observed request knows more than the line does. For a request that is not
observed, for example one that is not HTTP, the line is the only source.
"""

import logging
import re
from typing import NamedTuple

from .context import Context, context_of_access
from .sanitizer import ESCAPE

LOGGERS = ("werkzeug", "longpolling")

ATTRIBUTE = "_access"

_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class Access(NamedTuple):
    """The fields of an access line."""

    method: str
    path: str
    status: int | None
    context: Context | None


def parse(message: str) -> Access | None:
    """Return the fields of an access line of this thread, None for another line.

    The request line is a client's text. Each step reads it once, so its time is linear.
    """
    if ESCAPE in message:
        message = _COLOURS.sub("", message)
    # the path may have quotes in it, the last one ends the request line
    _address, _quote, line = message.partition('"')
    request_line, quote, answer = line.rpartition('"')
    method, space, target = request_line.partition(" ")
    if not (quote and space and method.isascii() and method.isalpha() and method.isupper()):
        return None
    status = _status(answer)
    if status is None:
        return None
    path = target.partition(" ")[0].partition("?")[0].partition("#")[0]
    return Access(method, path, status or None, context_of_access())


def _status(answer: str) -> int | None:
    """Return the status in `` 200 1234``, 0 where the line has ``-``, None for another text."""
    parts = answer.split(" ", 3)
    if len(parts) < 3 or parts[0]:
        return None
    status, size = parts[1], parts[2].rstrip()
    if size != "-" and not size.isdecimal():
        return None
    if status == "-":
        return 0
    is_status = len(status) == 3 and status.isascii() and status.isdecimal()
    return int(status) if is_status and "1" <= status[0] <= "5" else None


class AccessFilter(logging.Filter):
    """Marks access lines, and drops the lines of ignored routes unless the request failed."""

    def __init__(self, ignored_routes: frozenset[str]) -> None:
        super().__init__()
        self._ignored = ignored_routes

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for the access line of an ignored route whose request did not fail."""
        try:
            access = parse(record.getMessage())
        except Exception:  # noqa: BLE001  a record that cannot be read is logged
            return True
        if access is None:
            return True
        setattr(record, ATTRIBUTE, access)
        return not self._is_ignored(access)

    def _is_ignored(self, access: Access) -> bool:
        if access.status is None or access.status >= 400:
            return False
        request = access.context and access.context.request
        return (request.route if request else access.path) in self._ignored
