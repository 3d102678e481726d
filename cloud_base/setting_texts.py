"""The sentences about wrong variables, in one voice: pydantic's texts are never passed on.

A sentence names the variable and the value that it expects, for each kind of error::

    ODOO_SESSION_REDIS_PORT: expects a whole number from 1 to 65535

A rule of the suite (``ValueError``) has its own text, which is used instead.
"""

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

# errors whose text is written by this suite
OWN_TYPES = frozenset({"value_error", "contradiction"})
MISSING = "missing"

FLAG = "1, true, yes or on; or else 0, false, no or off"
NOT_EMPTY = "a text that is not empty"
NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}


def text_of(detail: Any, field: FieldInfo | None) -> str:
    """Return the text about one error of pydantic."""
    if detail["type"] in OWN_TYPES:
        return str(detail["msg"].removeprefix("Value error, "))
    expected = f"expects {_expected(field)}"
    return f"is not set, and {expected}" if detail["type"] == MISSING else expected


def _expected(field: FieldInfo | None) -> str:
    if field is None:
        return "another value"
    [(kind, metadata), *_others] = _kinds(field.annotation, tuple(field.metadata))
    if get_origin(kind) is Literal:
        return _one_of(map(str, get_args(kind)))
    if kind is bool:
        return FLAG
    if kind in NUMBERS:
        return f"{NUMBERS[kind]}{_range(metadata)}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _one_of(str(member.value) for member in kind)
    if isinstance(kind, type) and issubclass(kind, Path):
        return "the path of a file or folder"
    least = [one.min_length for one in _flat(metadata) if isinstance(one, annotated_types.MinLen)]
    return f"a text of at least {least[0]} characters" if max(least, default=1) > 1 else NOT_EMPTY


def _one_of(values: Iterable[str]) -> str:
    return f"one of: {', '.join(values)}"


def _kinds(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the types of an annotation, without None, each with its constraints."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _kinds(inner, (*metadata, *more))
    elif get_origin(annotation) is Literal or not get_args(annotation):
        if annotation is not type(None):
            yield annotation, metadata
    else:
        for inner in get_args(annotation):
            yield from _kinds(inner, metadata)


def _range(metadata: tuple[Any, ...]) -> str:
    lowest, highest = "", ""
    for constraint in _flat(metadata):
        if isinstance(constraint, annotated_types.Gt):
            lowest = f"greater than {constraint.gt}"
        elif isinstance(constraint, annotated_types.Ge):
            lowest = f"of at least {constraint.ge}"
        elif isinstance(constraint, annotated_types.Lt):
            highest = f"less than {constraint.lt}"
        elif isinstance(constraint, annotated_types.Le):
            highest = f"at most {constraint.le}"
    limits = " and ".join(filter(None, (lowest, highest)))
    return f" {limits}" if limits else ""


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for constraint in metadata:
        if isinstance(constraint, FieldInfo):  # Annotated[int, Field(gt=0)]
            yield from constraint.metadata
        else:
            yield constraint
