"""Converts any value to JSON of limited size, without secrets.

Texts keep their beginning, with a mark of their length. Values that Python's own encoders refuse
or write wrongly become text: NaN, integers over 64 bits, bytes, lone surrogates, keys that are
not texts, values that contain themselves, objects that cannot be shown.
"""

import enum
import math
import re
from collections.abc import Collection, Mapping
from datetime import date, time
from typing import Any

from .redaction import redact
from .redaction.sensitive_names import is_number, is_sensitive
from .redaction.value_spans import HIDDEN

ESCAPE, NUL = "\x1b", "\0"
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")

# a secret that a cut goes through is found all the same
OVERLAP = 512

NAME_LENGTH = 256
DEPTH = 8
ITEMS = 200  # of a mapping or a list

# of a domain
OPERATORS = ("=", "!=", "in", "not in", "like", "ilike", "=like", "=ilike")

# the integers that consumers read correctly: rsyslog reduces greater ones to the greatest of these
INTEGERS = range(-(2**63), 2**63)


class Values:
    """Cleans values; ``limit`` is the number of characters of a text that are kept."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def text(self, value: str) -> str:
        """Return a text that is bounded, and has no secrets, colours or lone surrogates."""
        length = len(value)
        if length > self.limit:
            value = value[: self.limit + OVERLAP]
        if ESCAPE in value:
            value = _COLOURS.sub("", value)
        if NUL in value:
            value = value.replace(NUL, r"\x00")  # rsyslog ends a text there
        value = redact(value)
        if not value.isascii():
            value = _encodable(value)
        if length > self.limit:
            value = f"{value[: self.limit]}... [cut, {length} characters]"
        return value

    def stack(self, value: str) -> str:
        """Return a stack; a long stack keeps its end as well, because it shows the cause."""
        if len(value) <= self.limit:
            return self.text(value)
        half = self.limit // 2
        return f"{self.text(value[:half])}\n... [cut, {len(value)} characters]\n" + self.text(
            value[-half:]
        )

    def name(self, name: Any) -> str:
        """Return the name of a field, which may be of any kind."""
        return self.text(text_of(name))[:NAME_LENGTH]

    def field(self, name: Any, value: Any) -> Any:
        """Return the value of a field with a name."""
        return HIDDEN if is_secret(text_of(name), value) else self.value(value)

    def value(self, value: Any) -> Any:
        """Return any value as JSON has it."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if value is None or kind is bool or (kind is int and value in INTEGERS):
            return value
        try:
            return _Simplifier(self).simple(value, DEPTH)
        except Exception:  # noqa: BLE001  the value's own code may raise any exception
            return self.text(shown(value))


class _Simplifier:
    """Walks through one value; the sum of the texts that it keeps is limited."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._left = 2 * values.limit
        self._above: list[int] = []

    def simple(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return self.simple(value.value, depth)
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._container(value, depth)
        text = self._values.text(text_of(value))[: max(self._left, 0)]
        self._left -= len(text)
        return text

    def _container(self, value: Any, depth: int) -> Any:
        if id(value) in self._above:
            return "... [contains itself]"
        if not depth or self._left <= 0:
            return f"... [cut, {type(value).__name__}]"
        self._above.append(id(value))
        try:
            if isinstance(value, Mapping):
                return self._mapping(value, depth - 1)
            return self._items(value, depth - 1)
        finally:
            self._above.pop()

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        simple: dict[str, Any] = {}
        for key, item in value.items():
            if len(simple) == ITEMS:
                simple[f"... [cut, {len(value)} items]"] = None
                break
            name = self._values.name(key)
            self._left -= len(name)
            while name in simple:
                name += "'"  # as 1 beside "1"
            simple[name] = HIDDEN if is_secret(name, item) else self.simple(item, depth)
        if is_named_secret(value):
            simple["value"] = HIDDEN
        return simple

    def _items(self, value: Collection[Any], depth: int) -> list[Any]:
        simple: list[Any] = []
        for item in value:
            if len(simple) == ITEMS:
                simple.append("... [cut]")
                break
            simple.append(self.simple(item, depth))
        if is_pair_with_secret(value):
            simple[-1] = HIDDEN
        return simple


def is_secret(name: str, value: Any) -> bool:
    """Return True if the value of a field with a name is a secret."""
    if not is_sensitive(name) or value is None or isinstance(value, bool):
        return False
    return not (isinstance(value, (int, float)) and is_number(name))


def is_named_secret(value: Mapping[Any, Any]) -> bool:
    """Return True for ``{"name": "password", "value": "x"}``."""
    return "value" in value and is_sensitive(text_of(value.get("name", "")))


def is_pair_with_secret(value: Collection[Any]) -> bool:
    """Return True for ``("Authorization", "x")`` and ``("token", "=", "x")`` of a domain."""
    if len(value) not in (2, 3) or not isinstance(value, (list, tuple)):
        return False
    name, *operator, last = value
    is_name = isinstance(name, (str, bytes)) and is_sensitive(text_of(name))
    is_domain = not operator or operator[0] in OPERATORS
    return is_name and is_domain and is_secret(text_of(name), last)


def text_of(value: Any) -> str:
    """Return any value as text, also if its own ``__str__`` raises an exception."""
    if type(value) is str:
        return value
    try:
        if isinstance(value, str):  # Markup and such
            return str.__str__(value)
        if isinstance(value, (bytes, bytearray)):
            return value.decode("utf-8", "backslashreplace")
        if isinstance(value, (date, time)):
            return value.isoformat()
        if isinstance(value, BaseException):
            return f"{name_of(type(value))}: {shown(value)}"
    except Exception:  # noqa: BLE001  of a class that only looks like one of these
        return shown(value)
    return shown(value)


def shown(value: Any) -> str:
    """Return what ``str`` gives, or says that it fails."""
    try:
        return str.__str__(str(value))
    except Exception as error:  # noqa: BLE001  any, it is not ours
        return f"<{type(value).__name__}, whose text is a {type(error).__name__}>"


def name_of(kind: type) -> str:
    """Return the name of a class with its module, for builtin classes without it."""
    name = str(kind.__qualname__)
    return name if kind.__module__ == "builtins" else f"{kind.__module__}.{name}"


def _number(value: float) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if value in INTEGERS:
        return int(value)
    try:
        return str(int(value))
    except ValueError:  # more digits than Python likes to convert
        return hex(value)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
