"""The access lines of werkzeug and gevent: what they say, and which of them are left out.

The line is written when the head of the answer is sent (werkzeug), or after the request has
ended (gevent), so the request itself knows more than the line does. Of a request that is not
observed, as one that is no HTTP, the line is all there is.
"""

import logging
import re
from typing import NamedTuple

from .context import Context, context_of_access
from .values import ESCAPE

LOGGERS = ("werkzeug", "longpolling")

ATTRIBUTE = "_access"

# the path may have quotes in it, the last one ends the request line
_LINE = re.compile(
    r'"(?P<method>[A-Z]+) (?P<path>[^ ?#]*).*" (?P<status>[1-5]\d\d|-) (?:\d+|-)', re.DOTALL
)
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class Access(NamedTuple):
    """What an access line says."""

    method: str
    path: str
    status: int | None
    context: Context | None


def parse(message: str) -> Access | None:
    """Return what an access line of this thread says, None for another line."""
    found = _LINE.search(_COLOURS.sub("", message) if ESCAPE in message else message)
    if not found:
        return None
    status = found["status"]
    number = None if status == "-" else int(status)
    return Access(found["method"], found["path"], number, context_of_access())


class AccessFilter(logging.Filter):
    """Marks access lines, and leaves out those of some routes unless the request failed."""

    def __init__(self, ignored_routes: frozenset[str]) -> None:
        super().__init__()
        self._ignored = ignored_routes

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            access = parse(record.getMessage())
        except Exception:  # noqa: BLE001  whatever it is, it is not lost
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
