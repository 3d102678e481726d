"""A record in, a JSON object on one line out: always.

How: three ways, each of which needs less than the one before::

    format()
        _line()         every field, encoded by orjson or the standard library
        _rescued()      what of the record can be had at all, and why there is no more
        LAST_WORDS      a constant

The text is ASCII, other letters are escaped as JSON has it: so no encoding of a stream, no
separator of lines in Unicode (U+2028, U+0085) and no terminal can harm it.
"""

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
from .schemas.base import Line, Schema

try:
    import orjson
except ImportError:
    orjson = None

LAST_WORDS = '{"message":"a line of the log that could not be written"}'

# attributes of records that core adds, and our own
CORE_ATTRIBUTES = frozenset({"pid", "dbname", "perf_info"})
RESERVED = frozenset(RESERVED_ATTRS) | CORE_ATTRIBUTES | {"taskName", ATTRIBUTE}

# characters of a text in a line that has to be shorter, one after the other
SHORTER_LIMITS = (2000, 500, 100)

UNKNOWN_DATABASE = "?"  # as core writes it

# 1970 to 9999, in seconds; beyond them years have no four digits
YEARS = range(253_402_300_800)

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class OdooJsonFormatter(JsonFormatter):
    """Formats records as JSON in one of the schemas."""

    def __init__(
        self,
        schema: str = "default",
        limit: int = 32_000,
        use_orjson: bool = True,
        longest: int | None = None,
    ) -> None:
        """Set up a formatter.

        :param limit: characters that are kept of a text
        :param longest: bytes of a line at most, None for any length
        """
        super().__init__()
        self._longest = longest
        self._dumps = orjson.dumps if orjson and use_orjson else None
        self._schema = SCHEMAS[schema]
        self._values = Values(limit)
        self._second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        try:
            line = self._dump(self._line(record).fields)
        except Exception as error:  # noqa: BLE001  a line must come out
            line = self._rescued(record, error)
        if self._longest and len(line) > self._longest:
            return self._shortened(record)
        return line

    def _shortened(self, record: logging.LogRecord) -> str:
        """Return a line with shorter texts, so that all of it fits."""
        for limit in SHORTER_LIMITS:
            shorter = OdooJsonFormatter(limit=limit)
            shorter._dumps, shorter._schema = self._dumps, self._schema
            line = shorter.format(record)
            if len(line) <= (self._longest or 0):
                return line
        return self._rescued(record, ValueError("the line is too long"), SHORTER_LIMITS[-1])

    def _line(self, record: logging.LogRecord) -> Schema:
        attributes = vars(record)
        access: Access | None = attributes.get(ATTRIBUTE)
        context = access.context if access else thread.context
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
        line.message = self._values.text(self._message(record))
        line.database, line.uid = _place(context, record)
        schema = self._schema(line)
        if context is not None or access:
            self._add_request(schema, context, access)
        if record.exc_info or record.exc_text or record.stack_info:
            self._add_stacks(schema, record)
        if not attributes.keys() <= RESERVED or type(record.msg) is not str:
            self._add_extras(schema, record)
        return schema

    def _time(self, created: float) -> str:
        second = int(created)
        known, text = self._second
        if known != second:
            if second not in YEARS:
                raise ValueError("the time of the record is none")
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            # one assignment: another thread sees both or none
            self._second = (second, text)
        return f"{text}.{int((created - second) * 1_000_000):06d}+00:00"

    def _message(self, record: logging.LogRecord) -> str:
        message = record.msg
        if not record.args:
            if isinstance(message, Mapping):
                return ""  # its items are fields
            return text_of(message)
        try:
            return text_of(record.getMessage())
        except Exception:  # noqa: BLE001  of the arguments' own code, or they do not match
            arguments = record.args if isinstance(record.args, tuple) else (record.args,)
            shown = ", ".join(str(self._values.value(argument)) for argument in arguments)
            return f"{text_of(message)} [arguments: {shown}]"

    def _add_request(self, schema: Schema, context: Context | None, access: Access | None) -> None:
        request = context.request if context else None
        if context and request:
            if context.path is None:
                # WSGI has bytes there, as Latin-1
                path = request.environ.get("PATH_INFO", "").encode("latin-1", "replace")
                context.path = self._values.text(text_of(path))
            schema.request(request.method, context.path)
        elif access:
            schema.request(access.method, self._values.text(access.path))
        if access and request:
            seconds = request.elapsed_seconds
            schema.answer(access.status, round(seconds, 6), request.route)
            remaining = max(seconds - request.query_seconds, 0.0)
            schema.performance(
                request.queries, round(request.query_seconds, 6), round(remaining, 6)
            )
        elif access:
            schema.answer(access.status, None, None)

    def _add_stacks(self, schema: Schema, record: logging.LogRecord) -> None:
        kind = message = None
        if record.exc_info and record.exc_info[0]:
            kind = name_of(record.exc_info[0])
            message = self._values.text(shown(record.exc_info[1]))
            if not record.exc_text:
                # kept there as by every formatter: core's handler for databases looks for it
                record.exc_text = str(self.formatException(record.exc_info))
        if record.exc_text:
            schema.error(kind, message, self._values.stack(record.exc_text))
        if record.stack_info:
            schema.stack(self._values.stack(text_of(record.stack_info)))

    def _add_extras(self, schema: Schema, record: logging.LogRecord) -> None:
        values = self._values
        for name, value in list(vars(record).items()):
            if name not in RESERVED:
                schema.extra(values.name(name), values.field(name, value))
        if isinstance(record.msg, Mapping) and not record.args:
            for name, value in record.msg.items():
                schema.extra(values.name(name), values.field(text_of(name), value))

    def _dump(self, fields: Mapping[str, Any]) -> str:
        if self._dumps:
            try:
                encoded: bytes = self._dumps(fields)
            except TypeError:
                return _encode(fields)
            if encoded.isascii():
                return encoded.decode("ascii")
        return _encode(fields)

    def _rescued(
        self, record: logging.LogRecord, error: Exception, limit: int | None = None
    ) -> str:
        values = Values(limit) if limit else self._values
        line = Line()
        line.context = line.database = line.uid = None
        line.pid = os.getpid()
        line.time = _part(lambda: self._time(record.created)) or self._time(time.time())
        line.level = _part(lambda: str(logging.getLevelName(record.levelno))) or "ERROR"
        line.number = _part(lambda: int(record.levelno)) or logging.ERROR
        line.name = _part(lambda: values.name(record.name)) or __name__
        line.message = _part(lambda: values.text(self._message(record))) or ""
        try:
            schema = self._schema(line)
            schema.trouble(name_of(type(error)))
            stack = _part(lambda: values.stack(self.formatException(record.exc_info)))
            if stack:
                schema.error(None, None, stack)
            return self._dump(schema.fields)
        except Exception:  # noqa: BLE001
            return LAST_WORDS


Part = TypeVar("Part")


def _part(get: Callable[[], Part]) -> Part | None:
    try:
        return get()
    except Exception:  # noqa: BLE001  the next part may be fine
        return None


def _place(context: Context | None, record: logging.LogRecord) -> tuple[str | None, int | None]:
    """Return the database and the user that a line belongs to."""
    if context is not None and context.job:
        return context.database, context.user_id
    if context is None and thread.ended is not None:
        # core leaves those of the last request at the thread
        return None, None
    current = threading.current_thread()
    database = getattr(record, "dbname", UNKNOWN_DATABASE)
    if type(database) is not str or database == UNKNOWN_DATABASE:
        database = getattr(current, "dbname", None)
    return database, getattr(current, "uid", None)
