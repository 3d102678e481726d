"""The common part of the schemas: a line before its fields have names."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ..context import Context

# JSON Schemas of the lines
DOCUMENTS = Path(__file__).parent


# Plain tuples, because making a named tuple takes longer than writing it.
# method and path
Request = tuple[str, str]
# status, seconds and route; the last two are None if the request was not observed
Answer = tuple[int | None, float | None, str | None]
# number of SQL queries, their seconds, and the seconds that the request spent elsewhere
Performance = tuple[int, float, float]
# class name and message of an exception, and its stack
Error = tuple[str | None, str | None, str]


class Line:
    """The values of a line; optional values are None or empty.

    ``stack``       that a caller wants in the line, without an exception
    ``trouble``     class name of the exception because of which the line is incomplete
    ``extras``      names and values that a caller has added
    """

    time: str
    pid: int
    level: str
    number: int
    name: str
    message: str
    database: str | None = None
    uid: int | None = None
    context: Context | None = None
    request: Request | None = None
    answer: Answer | None = None
    performance: Performance | None = None
    trouble: str | None = None
    error: Error | None = None
    stack: str | None = None
    extras: list[tuple[str, Any]] | None = None


class Schema(ABC):
    """Names the fields of lines."""

    @abstractmethod
    def add_fields(self, fields: dict[str, Any], line: Line) -> None:
        """Add the fields of a line, in the order in which they are written."""


def add_extras(
    fields: dict[str, Any], extras: list[tuple[str, Any]], names: frozenset[str]
) -> None:
    """Add the values of a caller; none of them replaces a field of the schema.

    :param names: all names of the schema, also of fields that this line does not have
    """
    for name, value in extras:
        free_name = name
        while free_name in names or free_name in fields:
            free_name = f"extra_{free_name}"
        fields[free_name] = value


def names_of(schema: str, *path: str) -> frozenset[str]:
    """Return the names of a schema, including fields that few lines have."""
    properties = json.loads((DOCUMENTS / f"{schema}.json").read_text())["properties"]
    for part in path:
        properties = properties[part]["properties"]
    return frozenset(properties)
