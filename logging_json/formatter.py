"""The formatter: any record becomes one line with a JSON object.

It uses the extension points of ``python-json-logger``::

    format()
        JsonFormatter.format()      the library: message, exception, stack
            add_fields()            all values, under the names of the schema
            jsonify_log_record()    encoded by orjson or the standard library
        again with a safe copy      if a value of the record raises an exception
        _fallback_line()            the values that can be had, and the reason
        LAST_RESORT                 a constant

The text is ASCII; other letters are escaped as JSON defines it. So no encoding of a stream, no
Unicode line separator (U+2028, U+0085) and no terminal can damage it.
"""

import copy
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from .access_log import ATTRIBUTE, Access
from .context import Context, thread
from .sanitizer import ESCAPE, Values, name_of, shown, text_of
from .schemas import SCHEMAS
from .schemas.base import Line

try:
    import orjson
except ImportError:
    orjson = None

LAST_RESORT = '{"message":"a line of the log that could not be written"}'

# attributes that core adds to records, and this addon's attribute
CORE_ATTRIBUTES = frozenset({"pid", "dbname", "perf_info"})
RESERVED = frozenset(RESERVED_ATTRS) | CORE_ATTRIBUTES | {"taskName", ATTRIBUTE}

# characters of a text in a line that has to be shorter: each limit is tried
SHORTER_LIMITS = (2000, 500, 100)

UNKNOWN_DATABASE = "?"  # core's text for it

# seconds from 1970 to 9999; later years have more than four digits
YEARS = range(253_402_300_800)

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class OdooJsonFormatter(JsonFormatter):
    """Formats records as JSON in one of the schemas; never raises an exception."""

    def __init__(
        self,
        schema: str = "default",
        limit: int = 32_000,
        use_orjson: bool = True,
        longest: int | None = None,
    ) -> None:
        """Set up a formatter.

        :param limit: characters that are kept of a text
        :param longest: maximum of bytes in a line, None for any length
        """
        super().__init__()
        self._longest = longest
        self._dumps = orjson.dumps if orjson and use_orjson else None
        self._schema = SCHEMAS[schema]
        self._values = Values(limit)
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        try:
            line: str = super().format(record)
        except Exception:  # noqa: BLE001  code of arguments and values: any exception
            try:
                safe = self._safe_copy(record)
                line = super().format(safe)
                record.exc_text = safe.exc_text
            except Exception as error:  # noqa: BLE001  a line must come out
                line = self._fallback_line(record, error)
        if self._longest and len(line) > self._longest:
            return self._shorten(record)
        return line

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],
    ) -> None:
        """Add the values of a record to ``log_data`` under the names of the schema."""
        attributes = vars(record)
        access: Access | None = attributes.get(ATTRIBUTE)
        context = access.context if access else thread.context
        is_text = type(record.msg) is str
        line = Line()
        line.context = context
        line.time = self._time(record.created)
        line.pid = record.process if type(record.process) is int else os.getpid()
        line.number = record.levelno
        level = record.levelname
        # core's formatter for terminals leaves colours in the record
        if type(level) is not str or ESCAPE in level:
            level = str(logging.getLevelName(record.levelno))
        line.level = level
        line.name = record.name if type(record.name) is str else text_of(record.name)
        line.message = self._values.text(record.message if is_text else self._message(record))
        line.database, line.uid = _database_and_user(context, record)
        if context is not None or access:
            self._add_request(line, context, access)
        if record.exc_info or record.exc_text or record.stack_info:
            self._add_stacks(line, record, message_dict if is_text else {})
        if not RESERVED.issuperset(attributes) or not is_text:
            line.extras = self._extras(record)
        self._schema.add_fields(log_data, line)

    def jsonify_log_record(self, log_data: Mapping[str, Any]) -> str:
        """Return the fields as JSON in ASCII."""
        if self._dumps:
            try:
                encoded: bytes = self._dumps(log_data)
            except TypeError:
                return _encode(log_data)
            if encoded.isascii():
                return encoded.decode("ascii")
        return _encode(log_data)

    def _time(self, created: float) -> str:
        second = int(created)
        cached, text = self._second
        if cached != second:
            if second not in YEARS:
                raise ValueError("the record has no valid time")
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            # one assignment: another thread sees both values or neither
            self._second = (second, text)
        return "%s.%06d+00:00" % (text, (created - second) * 1_000_000)  # noqa: UP031  # faster

    def _message(self, record: logging.LogRecord) -> str:
        message = record.msg
        if not record.args:
            if isinstance(message, Mapping):
                return ""  # its items are fields
            return text_of(message)
        try:
            return text_of(record.getMessage())
        except Exception:  # noqa: BLE001  code of the arguments, or they do not match the text
            arguments = record.args if isinstance(record.args, tuple) else (record.args,)
            texts = ", ".join(str(self._values.value(argument)) for argument in arguments)
            return f"{text_of(message)} [arguments: {texts}]"

    def _add_request(self, line: Line, context: Context | None, access: Access | None) -> None:
        request = context.request if context else None
        if context and request:
            if context.path is None:
                # WSGI has bytes in it, as Latin-1
                path = request.environ.get("PATH_INFO", "").encode("latin-1", "replace")
                context.path = self._values.text(text_of(path))
            line.request = (request.method, context.path)
        elif access:
            line.request = (access.method, self._values.text(access.path))
        if access and request:
            seconds = request.elapsed_seconds
            line.answer = (access.status, round(seconds, 6), request.route)
            remaining = max(seconds - request.query_seconds, 0.0)
            query_seconds = round(request.query_seconds, 6)
            line.performance = (request.queries, query_seconds, round(remaining, 6))
        elif access:
            line.answer = (access.status, None, None)

    def _add_stacks(
        self, line: Line, record: logging.LogRecord, message_dict: Mapping[str, Any]
    ) -> None:
        kind = message = None
        if record.exc_info and record.exc_info[0]:
            kind = name_of(record.exc_info[0])
            message = self._values.text(shown(record.exc_info[1]))
            if not record.exc_text:
                text = message_dict.get("exc_info") or self.formatException(record.exc_info)
                # kept in the record like by every formatter: core's handler for databases reads it
                record.exc_text = str(text)
        if record.exc_text:
            line.error = (kind, message, self._values.stack(record.exc_text))
        if record.stack_info:
            line.stack = self._values.stack(text_of(record.stack_info))

    def _extras(self, record: logging.LogRecord) -> list[tuple[str, Any]]:
        values = self._values
        extras = [
            (values.name(name), values.field(name, value))
            for name, value in list(vars(record).items())
            if name not in RESERVED
        ]
        if isinstance(record.msg, Mapping) and not record.args:
            for name, value in record.msg.items():
                extras.append((values.name(name), values.field(text_of(name), value)))
        return extras

    def _safe_copy(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a copy with a message that is a plain text or dict."""
        safe = copy.copy(record)
        if isinstance(record.msg, Mapping) and not record.args:
            safe.msg = dict(record.msg.items())
        else:
            safe.msg, safe.args = self._message(record), ()
        return safe

    def _fallback_line(
        self, record: logging.LogRecord, error: Exception, limit: int | None = None
    ) -> str:
        """Return a line with the values that can be had, and the reason for it."""
        values = Values(limit) if limit else self._values
        line = Line()
        line.pid = os.getpid()
        line.time = _attempt(lambda: self._time(record.created)) or self._time(time.time())
        line.level = _attempt(lambda: str(logging.getLevelName(record.levelno))) or "ERROR"
        line.number = _attempt(lambda: int(record.levelno)) or logging.ERROR
        line.name = _attempt(lambda: values.name(record.name)) or __name__
        line.message = _attempt(lambda: values.text(self._message(record))) or ""
        try:
            line.trouble = name_of(type(error))
            stack = _attempt(lambda: values.stack(self.formatException(record.exc_info)))
            if stack:
                line.error = (None, None, stack)
            fields: dict[str, Any] = {}
            self._schema.add_fields(fields, line)
            return self.jsonify_log_record(fields)
        except Exception:  # noqa: BLE001
            return LAST_RESORT

    def _shorten(self, record: logging.LogRecord) -> str:
        """Return a line that fits, because its texts are shorter."""
        for limit in SHORTER_LIMITS:
            shorter = OdooJsonFormatter(limit=limit)
            shorter._dumps, shorter._schema = self._dumps, self._schema
            line = shorter.format(record)
            if len(line) <= (self._longest or 0):
                return line
        return self._fallback_line(record, ValueError("the line is too long"), SHORTER_LIMITS[-1])


Part = TypeVar("Part")


def _attempt(get: Callable[[], Part]) -> Part | None:
    try:
        return get()
    except Exception:  # noqa: BLE001  the next value may be valid
        return None


def _database_and_user(
    context: Context | None, record: logging.LogRecord
) -> tuple[str | None, int | None]:
    """Return the database and the user that a line belongs to."""
    if context is not None and context.job:
        return context.database, context.user_id
    if context is None and thread.ended is not None:
        # core leaves the values of the last request at the thread
        return None, None
    current = threading.current_thread()
    database = getattr(record, "dbname", UNKNOWN_DATABASE)
    if type(database) is not str or database == UNKNOWN_DATABASE:
        database = getattr(current, "dbname", None)
    return database, getattr(current, "uid", None)
