"""The types of values that JSON lacks: each is written as ``{"_type": NAME, "value": ...}``.

A class per name has the writer and the reader of ``value``. Releases before 3.0 used the same
names for datetime, date and set, so their sessions can be read.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytz

ToJson = Callable[[Any], Any]


class Tag(ABC):
    """A name, the type of the values that are written below it, and their form."""

    name: str
    # None where the type alone does not decide, see ``tag_for``
    python_type: type | None = None

    @abstractmethod
    def to_json(self, value: Any, convert: ToJson) -> Any:
        """Return ``value`` as a JSON value; ``convert`` does the same with the items in it."""

    @abstractmethod
    def from_json(self, value: Any) -> Any:
        """Return the value of which ``to_json`` made this JSON value."""


class _Items(Tag):
    """A container whose items are written as a list."""

    python_type: type

    def to_json(self, value: Any, convert: ToJson) -> list[Any]:
        """Return the items."""
        return [convert(item) for item in value]

    def from_json(self, value: list[Any]) -> Any:
        """Return the container of the items."""
        return self.python_type(value)


class TupleTag(_Items):
    """A tuple."""

    name = "tuple"
    python_type = tuple


class SetTag(_Items):
    """A set."""

    name = "set"
    python_type = set


class FrozensetTag(_Items):
    """A frozenset."""

    name = "frozenset"
    python_type = frozenset


class DictTag(Tag):
    """A dictionary that JSON would change: with a key ``_type``, or with numbers as keys."""

    name = "dict"

    def to_json(self, value: dict[Any, Any], convert: ToJson) -> list[Any]:
        """Return pairs of key and value.

        :raises TypeError: for a key that is neither a text nor an integer
        """
        for key in value:
            if type(key) not in (str, int):
                raise TypeError(
                    f"a dictionary key of type {type(key).__qualname__} cannot be stored"
                )
        return [[key, convert(item)] for key, item in value.items()]

    def from_json(self, value: list[Any]) -> dict[Any, Any]:
        """Return the dictionary of the pairs."""
        return dict(value)


class BytesTag(Tag):
    """Bytes, as hexadecimal digits."""

    name = "bytes"
    python_type = bytes

    def to_json(self, value: bytes, _convert: ToJson) -> str:
        """Return the digits."""
        return value.hex()

    def from_json(self, value: str) -> bytes:
        """Return the bytes."""
        return bytes.fromhex(value)


class _Text(Tag):
    """A type whose values are made from their text."""

    python_type: type

    def to_json(self, value: Any, _convert: ToJson) -> str:
        """Return the text."""
        return str(value)

    def from_json(self, value: str) -> Any:
        """Return the value of the text."""
        return self.python_type(value)


class DecimalTag(_Text):
    """A decimal number."""

    name = "decimal"
    python_type = Decimal


class UuidTag(_Text):
    """A UUID."""

    name = "uuid"
    python_type = UUID


class DateTag(Tag):
    """A date, in ISO format."""

    name = "date_isoformat"
    python_type = date

    def to_json(self, value: date, _convert: ToJson) -> str:
        """Return the date as a text."""
        return value.isoformat()

    def from_json(self, value: str) -> date:
        """Return the date."""
        return date.fromisoformat(value)


class _Moment(Tag):
    """A time with or without a date, in ISO format, whose zone is a mere offset."""

    python_type: Any

    def to_json(self, value: datetime | time, _convert: ToJson) -> str:
        """Return the time as a text.

        :raises TypeError: for a time zone of which the text would keep the offset only
        """
        if type(value.tzinfo) not in (type(None), timezone):
            raise TypeError(f"a time in a zone of type {type(value.tzinfo)} cannot be stored")
        return value.isoformat()

    def from_json(self, value: str) -> Any:
        """Return the time."""
        return self.python_type.fromisoformat(value)


class DatetimeTag(_Moment):
    """A date and time."""

    name = "datetime_isoformat"
    python_type = datetime


class TimeTag(_Moment):
    """A time of day."""

    name = "time_isoformat"
    python_type = time


class ZonedDatetimeTag(Tag):
    """A date and time in a time zone of pytz."""

    name = "datetime_zone"

    def to_json(self, value: Any, _convert: ToJson) -> list[str]:
        """Return the time as a text, and the name of its zone."""
        return [value.isoformat(), value.tzinfo.zone]

    def from_json(self, value: list[str]) -> datetime:
        """Return the time in its zone."""
        moment, zone = value
        return datetime.fromisoformat(moment).astimezone(pytz.timezone(zone))


class ZoneTag(Tag):
    """A time zone of pytz, by its name."""

    name = "zone"

    def to_json(self, value: Any, _convert: ToJson) -> str:
        """Return the name of the zone."""
        return str(value.zone)

    def from_json(self, value: str) -> Any:
        """Return the zone."""
        return pytz.timezone(value)


class TimedeltaTag(Tag):
    """A duration."""

    name = "timedelta"
    python_type = timedelta

    def to_json(self, value: timedelta, _convert: ToJson) -> list[int]:
        """Return the days, seconds and microseconds."""
        return [value.days, value.seconds, value.microseconds]

    def from_json(self, value: list[int]) -> timedelta:
        """Return the duration."""
        days, seconds, microseconds = value
        return timedelta(days, seconds, microseconds)


DICT_TAG, ZONE_TAG, ZONED_DATETIME_TAG = DictTag(), ZoneTag(), ZonedDatetimeTag()
TAGS: tuple[Tag, ...] = (
    *(TupleTag(), SetTag(), FrozensetTag(), DICT_TAG, BytesTag(), DecimalTag(), UuidTag()),
    *(DateTag(), DatetimeTag(), TimeTag(), TimedeltaTag(), ZONE_TAG, ZONED_DATETIME_TAG),
)
TAGS_BY_NAME = {tag.name: tag for tag in TAGS}
_TAGS_BY_TYPE = {tag.python_type: tag for tag in TAGS if tag.python_type}


def tag_for(value: Any) -> Tag | None:
    """Return the tag to write a value with; None for a type that cannot be stored."""
    if type(value) is datetime and _is_pytz_zone(value.tzinfo):
        return ZONED_DATETIME_TAG
    tag = _TAGS_BY_TYPE.get(type(value))
    return ZONE_TAG if tag is None and _is_pytz_zone(value) else tag


def _is_pytz_zone(value: Any) -> bool:
    return isinstance(value, pytz.tzinfo.BaseTzInfo) and value.zone in pytz.all_timezones_set
