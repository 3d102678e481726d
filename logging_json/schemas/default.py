"""The names that the fields of a line have, by schema.

A schema is made for each line with what every line has; what only some have comes by its
methods. ``fields`` is what becomes JSON.

Default     upstream's names, flat
Ecs         https://www.elastic.co/guide/en/ecs/current, as Elastic's own logging libraries
Google      https://cloud.google.com/logging/docs/structured-logging, else as Default
OTel        https://opentelemetry.io/docs/specs/otel/logs/data-model, attributes by the
            semantic conventions

``schemas/*.json`` describes each of them as a JSON Schema.
"""

import functools
import logging
from typing import Any

from ..context import Context
from .base import Line, Schema, free_name, names_of

ECS_VERSION = "8.11.0"

# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
SEVERITIES = (
    (logging.CRITICAL, 21),
    (logging.ERROR, 17),
    (logging.WARNING, 13),
    (logging.INFO, 9),
    (logging.DEBUG, 5),
)

# https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity
GOOGLE_SEVERITIES = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
    (logging.DEBUG, "DEBUG"),
)


class Default(Schema):
    __slots__ = ()

    def __init__(self, line: Line) -> None:
        context = line.context
        self.fields = {
            "asctime": line.time,
            "pid": line.pid,
            "levelname": line.level,
            "dbname": line.database,
            "name": line.name,
            "message": line.message,
            "request_id": context.request_id if context else None,
            "uid": line.uid,
        }
        if context:
            if context.trace_id:
                self.fields["trace_id"] = context.trace_id
                self.fields["span_id"] = context.span_id
            if context.job:
                self.fields["job_kind"], self.fields["job_name"], self.fields["job_id"] = (
                    context.job
                )

    def request(self, method: str, path: str) -> None:
        self.fields["http_method"] = method
        self.fields["http_path"] = path

    def answer(self, status: int | None, seconds: float | None, route: str | None) -> None:
        self.fields["http_status"] = status
        self.fields["http_duration_seconds"] = seconds
        self.fields["http_route"] = route

    def performance(self, queries: int, query_seconds: float, remaining_seconds: float) -> None:
        self.fields["perf_queries"] = queries
        self.fields["perf_query_seconds"] = query_seconds
        self.fields["perf_remaining_seconds"] = remaining_seconds

    def error(self, kind: str | None, message: str | None, stack: str) -> None:
        self.fields["exc_type"] = kind
        self.fields["exc_message"] = message
        self.fields["exc_info"] = stack

    def stack(self, stack: str) -> None:
        self.fields["stack_info"] = stack

    def trouble(self, kind: str) -> None:
        self.fields["logging_error"] = kind

    def extra(self, name: str, value: Any) -> None:
        self.fields[free_name(name, DEFAULT_NAMES, self.fields)] = value


class Ecs(Schema):
    __slots__ = ()

    def __init__(self, line: Line) -> None:
        self.fields = {
            "@timestamp": line.time,
            "log.level": line.level.lower(),
            "message": line.message,
            "ecs.version": ECS_VERSION,
            "log": {"logger": line.name},
            "process": {"pid": line.pid},
            "service": {"type": "odoo"},
            "odoo": {"database": line.database},
        }
        if line.uid is not None:
            self.fields["user"] = {"id": str(line.uid)}
        if line.context:
            self._add(line.context)

    def _add(self, context: Context) -> None:
        if context.trace_id:
            self.fields["trace"] = {"id": context.trace_id}
            self.fields["span"] = {"id": context.span_id}
        if context.job:
            kind, name, identifier = context.job
            self.fields["transaction"] = {"id": context.request_id}
            self.fields["odoo"]["job"] = {"kind": kind, "name": name, "id": identifier}
        else:
            self.fields["http"] = {"request": {"id": context.request_id}}

    def request(self, method: str, path: str) -> None:
        http = self.fields.setdefault("http", {"request": {}})
        http["request"]["method"] = method
        self.fields["url"] = {"path": path}

    def answer(self, status: int | None, seconds: float | None, route: str | None) -> None:
        if status is not None:
            self.fields["http"]["response"] = {"status_code": status}
        if seconds is not None:
            self.fields["event"] = {"duration": round(seconds * 1e9)}
        self.fields["odoo"]["route"] = route

    def performance(self, queries: int, query_seconds: float, remaining_seconds: float) -> None:
        self.fields["odoo"]["queries"] = queries
        self.fields["odoo"]["query_seconds"] = query_seconds
        self.fields["odoo"]["remaining_seconds"] = remaining_seconds

    def error(self, kind: str | None, message: str | None, stack: str) -> None:
        self.fields["error"] = {"type": kind, "message": message, "stack_trace": stack}

    def stack(self, stack: str) -> None:
        self.fields["odoo"]["stack"] = stack

    def trouble(self, kind: str) -> None:
        self.fields["odoo"]["logging_error"] = kind

    def extra(self, name: str, value: Any) -> None:
        self.fields["odoo"].setdefault("extra", {})[name] = value


class OTel(Schema):
    __slots__ = ("_attributes",)

    def __init__(self, line: Line) -> None:
        attributes: dict[str, Any] = {"process.pid": line.pid, "db.namespace": line.database}
        self._attributes = attributes
        self.fields = {
            "Timestamp": line.time,
            "SeverityText": line.level,
            "SeverityNumber": severity(line.number),
            "Body": line.message,
            "Resource": {"service.name": "odoo"},
            "InstrumentationScope": {"Name": line.name},
            "Attributes": attributes,
        }
        if line.uid is not None:
            attributes["user.id"] = str(line.uid)
        if line.context:
            self._add(line.context)

    def _add(self, context: Context) -> None:
        self._attributes["odoo.request_id"] = context.request_id
        if context.trace_id:
            self.fields["TraceId"] = context.trace_id
            self.fields["SpanId"] = context.span_id
        if context.job:
            for part, value in zip(("kind", "name", "id"), context.job, strict=True):
                self._attributes[f"odoo.job.{part}"] = value

    def request(self, method: str, path: str) -> None:
        self._attributes["http.request.method"] = method
        self._attributes["url.path"] = path

    def answer(self, status: int | None, seconds: float | None, route: str | None) -> None:
        self._attributes["http.response.status_code"] = status
        self._attributes["http.server.request.duration"] = seconds
        self._attributes["http.route"] = route

    def performance(self, queries: int, query_seconds: float, remaining_seconds: float) -> None:
        self._attributes["odoo.queries"] = queries
        self._attributes["odoo.query_seconds"] = query_seconds
        self._attributes["odoo.remaining_seconds"] = remaining_seconds

    def error(self, kind: str | None, message: str | None, stack: str) -> None:
        self._attributes["exception.type"] = kind
        self._attributes["exception.message"] = message
        self._attributes["exception.stacktrace"] = stack

    def stack(self, stack: str) -> None:
        self._attributes["code.stacktrace"] = stack

    def trouble(self, kind: str) -> None:
        self._attributes["odoo.logging_error"] = kind

    def extra(self, name: str, value: Any) -> None:
        self._attributes[free_name(name, OTEL_NAMES, self._attributes)] = value


class Google(Default):
    """The fields that agents of Google Cloud read, and those of Default."""

    __slots__ = ()

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.fields = {
            "severity": google_severity(line.number),
            "time": self.fields.pop("asctime"),
            **self.fields,
        }
        del self.fields["levelname"]
        if line.context and line.context.trace_id:
            self.fields["logging.googleapis.com/trace"] = self.fields.pop("trace_id")
            self.fields["logging.googleapis.com/spanId"] = self.fields.pop("span_id")

    def request(self, method: str, path: str) -> None:
        self.fields["httpRequest"] = {"requestMethod": method, "requestUrl": path}

    def answer(self, status: int | None, seconds: float | None, route: str | None) -> None:
        if status is not None:
            self.fields["httpRequest"]["status"] = status
        if seconds is not None:
            self.fields["httpRequest"]["latency"] = f"{seconds:.6f}s"
        self.fields["http_route"] = route

    def error(self, kind: str | None, message: str | None, stack: str) -> None:
        self.fields["exc_type"] = kind
        self.fields["exc_message"] = message
        self.fields["stack_trace"] = stack

    def extra(self, name: str, value: Any) -> None:
        self.fields[free_name(name, GOOGLE_NAMES, self.fields)] = value


SCHEMAS: dict[str, type[Schema]] = {
    "default": Default,
    "ecs": Ecs,
    "otel": OTel,
    "gcp": Google,
}


@functools.lru_cache(maxsize=100)
def google_severity(number: int) -> str:
    """Return Google Cloud's name of a level of ``logging``."""
    return next((name for level, name in GOOGLE_SEVERITIES if number >= level), "DEFAULT")


@functools.lru_cache(maxsize=100)
def severity(number: int) -> int:
    """Return OpenTelemetry's number of a level of ``logging``."""
    return next((severity for level, severity in SEVERITIES if number >= level), 1)


DEFAULT_NAMES = names_of("default")
OTEL_NAMES = names_of("otel", "Attributes")
GOOGLE_NAMES = names_of("gcp")
