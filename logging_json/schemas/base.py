"""What every schema of a line has in common."""

import json
from pathlib import Path
from typing import Any

from ..context import Context

# JSON Schemas of the lines
DOCUMENTS = Path(__file__).parent


class Line:
    """A line before its fields have names."""

    __slots__ = ("context", "database", "level", "message", "name", "number", "pid", "time", "uid")

    time: str
    pid: int
    level: str
    number: int
    name: str
    message: str
    database: str | None
    uid: int | None
    context: Context | None


class Schema:
    """What a schema gives names to."""

    __slots__ = ("fields",)

    fields: dict[str, Any]

    def __init__(self, line: Line) -> None:
        raise NotImplementedError

    def request(self, method: str, path: str) -> None:
        """Add what is known of a request from its begin on."""
        raise NotImplementedError

    def answer(self, status: int | None, seconds: float | None, route: str | None) -> None:
        """Add what is known of a request when it has been answered."""
        raise NotImplementedError

    def performance(self, queries: int, query_seconds: float, remaining_seconds: float) -> None:
        raise NotImplementedError

    def error(self, kind: str | None, message: str | None, stack: str) -> None:
        raise NotImplementedError

    def stack(self, stack: str) -> None:
        """Add the stack that a caller asked for, without an exception."""
        raise NotImplementedError

    def trouble(self, kind: str) -> None:
        """Add why the line has not all of its fields."""
        raise NotImplementedError

    def extra(self, name: str, value: Any) -> None:
        """Add a field of a caller; it replaces none of the others."""
        raise NotImplementedError


def free_name(name: str, taken: frozenset[str], fields: dict[str, Any]) -> str:
    """Return a name that is no field's of a schema, though it may be of another line."""
    while name in taken or name in fields:
        name = f"extra_{name}"
    return name


def names_of(schema: str, *path: str) -> frozenset[str]:
    """Return the names of a schema, also of fields that few lines have: each means one thing."""
    properties = json.loads((DOCUMENTS / f"{schema}.json").read_text())["properties"]
    for part in path:
        properties = properties[part]["properties"]
    return frozenset(properties)
