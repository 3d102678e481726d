"""The fields that agents of Google Cloud read, and for the rest the fields of Default.

See https://cloud.google.com/logging/docs/structured-logging.
"""

import functools
import logging
from typing import Any

from .base import Line, Schema, add_extras, names_of

# https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
SEVERITIES = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
    (logging.DEBUG, "DEBUG"),
)

NAMES = names_of("gcp")


class Google(Schema):
    """Names the fields for Google Cloud Logging."""

    def add_fields(self, fields: dict[str, Any], line: Line) -> None:
        """Add the fields of a line."""
        context = line.context
        fields["severity"] = severity(line.number)
        fields["time"] = line.time
        fields["pid"] = line.pid
        fields["dbname"] = line.database
        fields["name"] = line.name
        fields["message"] = line.message
        fields["request_id"] = context.request_id if context else None
        fields["uid"] = line.uid
        if context and context.job:
            fields["job_kind"], fields["job_name"], fields["job_id"] = context.job
        if context and context.trace_id:
            fields["logging.googleapis.com/trace"] = context.trace_id
            fields["logging.googleapis.com/spanId"] = context.span_id
        if line.request:
            method, path = line.request
            fields["httpRequest"] = {"requestMethod": method, "requestUrl": path}
        if line.answer:
            self._add_answer(fields, line)
        if line.trouble:
            fields["logging_error"] = line.trouble
        if line.error:
            fields["exc_type"], fields["exc_message"], fields["stack_trace"] = line.error
        if line.stack is not None:
            fields["stack_info"] = line.stack
        if line.extras:
            add_extras(fields, line.extras, NAMES)

    @staticmethod
    def _add_answer(fields: dict[str, Any], line: Line) -> None:
        if line.answer:
            status, seconds, route = line.answer
            if status is not None:
                fields["httpRequest"]["status"] = status
            if seconds is not None:
                fields["httpRequest"]["latency"] = f"{seconds:.6f}s"
            fields["http_route"] = route
        names = ("perf_queries", "perf_query_seconds", "perf_remaining_seconds")
        fields.update(zip(names, line.performance or (), strict=False))


@functools.lru_cache(maxsize=100)
def severity(number: int) -> str:
    """Return Google Cloud's name for a level of ``logging``."""
    return next((name for level, name in SEVERITIES if number >= level), "DEFAULT")
