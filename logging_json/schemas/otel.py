"""The data model of OpenTelemetry's logs, with attributes by the semantic conventions.

See https://opentelemetry.io/docs/specs/otel/logs/data-model.
"""

import functools
import logging
from typing import Any

from ..context import Context
from .base import Line, Schema, add_extras, names_of

# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
SEVERITIES = (
    (logging.CRITICAL, 21),
    (logging.ERROR, 17),
    (logging.WARNING, 13),
    (logging.INFO, 9),
    (logging.DEBUG, 5),
)

NAMES = names_of("otel", "Attributes")


class OTel(Schema):
    """Names the fields by OpenTelemetry; all optional values are in ``Attributes``."""

    def add_fields(self, fields: dict[str, Any], line: Line) -> None:
        """Add the fields of a line."""
        attributes: dict[str, Any] = {"process.pid": line.pid, "db.namespace": line.database}
        fields["Timestamp"] = line.time
        fields["SeverityText"] = line.level
        fields["SeverityNumber"] = severity(line.number)
        fields["Body"] = line.message
        fields["Resource"] = {"service.name": "odoo"}
        fields["InstrumentationScope"] = {"Name": line.name}
        fields["Attributes"] = attributes
        if line.uid is not None:
            attributes["user.id"] = str(line.uid)
        if line.context:
            self._add_context(fields, attributes, line.context)
        if line.request:
            attributes["http.request.method"], attributes["url.path"] = line.request
        if line.answer:
            self._add_answer(attributes, line)
        if line.trouble:
            attributes["odoo.logging_error"] = line.trouble
        if line.error:
            names = ("exception.type", "exception.message", "exception.stacktrace")
            attributes.update(zip(names, line.error, strict=True))
        if line.stack is not None:
            attributes["code.stacktrace"] = line.stack
        if line.extras:
            add_extras(attributes, line.extras, NAMES)

    @staticmethod
    def _add_context(fields: dict[str, Any], attributes: dict[str, Any], context: Context) -> None:
        attributes["odoo.request_id"] = context.request_id
        if context.trace_id:
            fields["TraceId"] = context.trace_id
            fields["SpanId"] = context.span_id
        if context.job:
            for part, value in zip(("kind", "name", "id"), context.job, strict=True):
                attributes[f"odoo.job.{part}"] = value

    @staticmethod
    def _add_answer(attributes: dict[str, Any], line: Line) -> None:
        names = ("http.response.status_code", "http.server.request.duration", "http.route")
        attributes.update(zip(names, line.answer or (), strict=False))
        names = ("odoo.queries", "odoo.query_seconds", "odoo.remaining_seconds")
        attributes.update(zip(names, line.performance or (), strict=False))


@functools.lru_cache(maxsize=100)
def severity(number: int) -> int:
    """Return OpenTelemetry's number for a level of ``logging``."""
    return next((severity for level, severity in SEVERITIES if number >= level), 1)
