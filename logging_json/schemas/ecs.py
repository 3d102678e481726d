"""The Elastic Common Schema, in the form of Elastic's own logging libraries.

See https://www.elastic.co/guide/en/ecs/current.
"""

from typing import Any

from ..context import Context
from .base import Line, Schema

ECS_VERSION = "8.11.0"


class Ecs(Schema):
    """Names the fields by the Elastic Common Schema; Odoo's own fields are in ``odoo``."""

    def add_fields(self, fields: dict[str, Any], line: Line) -> None:
        """Add the fields of a line."""
        odoo: dict[str, Any] = {"database": line.database}
        fields["@timestamp"] = line.time
        fields["log.level"] = line.level.lower()
        fields["message"] = line.message
        fields["ecs.version"] = ECS_VERSION
        fields["log"] = {"logger": line.name}
        fields["process"] = {"pid": line.pid}
        fields["service"] = {"type": "odoo"}
        fields["odoo"] = odoo
        if line.uid is not None:
            fields["user"] = {"id": str(line.uid)}
        if line.context:
            self._add_context(fields, odoo, line.context)
        if line.request:
            http = fields.setdefault("http", {"request": {}})
            http["request"]["method"], path = line.request
            fields["url"] = {"path": path}
        if line.answer:
            self._add_answer(fields, odoo, line)
        if line.trouble:
            odoo["logging_error"] = line.trouble
        if line.error:
            kind, message, stack = line.error
            fields["error"] = {"type": kind, "message": message, "stack_trace": stack}
        if line.stack is not None:
            odoo["stack"] = line.stack
        if line.extras:
            odoo["extra"] = dict(line.extras)

    @staticmethod
    def _add_context(fields: dict[str, Any], odoo: dict[str, Any], context: Context) -> None:
        if context.trace_id:
            fields["trace"] = {"id": context.trace_id}
            fields["span"] = {"id": context.span_id}
        if context.job:
            kind, name, identifier = context.job
            fields["transaction"] = {"id": context.request_id}
            odoo["job"] = {"kind": kind, "name": name, "id": identifier}
        else:
            fields["http"] = {"request": {"id": context.request_id}}

    @staticmethod
    def _add_answer(fields: dict[str, Any], odoo: dict[str, Any], line: Line) -> None:
        if line.answer:
            status, seconds, odoo["route"] = line.answer
            if status is not None:
                fields["http"]["response"] = {"status_code": status}
            if seconds is not None:
                fields["event"] = {"duration": round(seconds * 1e9)}
        names = ("queries", "query_seconds", "remaining_seconds")
        odoo.update(zip(names, line.performance or (), strict=False))
