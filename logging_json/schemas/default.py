"""The schema of the first releases: flat fields with the names of ``logging``."""

from typing import Any

from .base import Line, Schema, add_extras, names_of

NAMES = names_of("default")


class Default(Schema):
    """Names the fields like the first releases."""

    def add_fields(self, fields: dict[str, Any], line: Line) -> None:
        """Add the fields of a line."""
        context = line.context
        fields["asctime"] = line.time
        fields["pid"] = line.pid
        fields["levelname"] = line.level
        fields["dbname"] = line.database
        fields["name"] = line.name
        fields["message"] = line.message
        fields["request_id"] = context.request_id if context else None
        fields["uid"] = line.uid
        if context and context.trace_id:
            fields["trace_id"], fields["span_id"] = context.trace_id, context.span_id
        if context and context.job:
            fields["job_kind"], fields["job_name"], fields["job_id"] = context.job
        if line.request:
            fields["http_method"], fields["http_path"] = line.request
        if line.answer:
            self._add_answer(fields, line)
        if line.trouble:
            fields["logging_error"] = line.trouble
        if line.error:
            fields["exc_type"], fields["exc_message"], fields["exc_info"] = line.error
        if line.stack is not None:
            fields["stack_info"] = line.stack
        if line.extras:
            add_extras(fields, line.extras, NAMES)

    @staticmethod
    def _add_answer(fields: dict[str, Any], line: Line) -> None:
        names = ("http_status", "http_duration_seconds", "http_route")
        fields.update(zip(names, line.answer or (), strict=False))
        names = ("perf_queries", "perf_query_seconds", "perf_remaining_seconds")
        fields.update(zip(names, line.performance or (), strict=False))
