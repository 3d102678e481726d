"""Sessions as JSON, with a closed list of types that come back as what they were.

JSON's own types are written as they are; any other one as ``{"_type": NAME, "value": ...}``.
The names for datetime, date and set are those that earlier releases of this addon wrote:
their sessions are read, and what they can read of ours they do. A dictionary that JSON would
spoil (a key that is no string, or a key ``_type``) is written as a list of pairs.

Reading builds values of these types only and never executes anything.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytz

MARK = "_type"


def encode(session: Mapping[str, Any]) -> bytes:
    """Return ``session`` as a JSON object.

    :raises TypeError: when a value is of a type that would not come back; names its key
    """
    plain = {}
    for key, value in session.items():
        try:
            plain[key] = _plain(value)
        except TypeError as error:
            raise TypeError(f"session key {key!r}: {error}") from None
    if not all(type(key) is str for key in plain) or MARK in plain:
        plain = _plain(dict(session))
    return json.dumps(plain, separators=(",", ":")).encode()


def decode(payload: bytes) -> dict[str, Any]:
    """Return the session that ``payload`` holds.

    :raises ValueError: when it is not the JSON object of a session
    """
    try:
        session = json.loads(payload, object_hook=_restore)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        # a marked value that is not of its type's shape, or an abyss of brackets
        raise ValueError("malformed session") from error
    if not isinstance(session, dict):
        raise ValueError("not a JSON object")
    return session


def _plain(value: Any) -> Any:
    """Return ``value`` in the types of JSON, marked where it is of another one."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [_plain(item) for item in value]
    if kind is dict:
        return _plain_dict(value)
    if kind is datetime and _is_pytz(value.tzinfo):
        return {MARK: "datetime_zone", "value": [value.isoformat(), value.tzinfo.zone]}
    if kind in _WRITERS:
        name, write = _WRITERS[kind]
        return {MARK: name, "value": write(value)}
    if _is_pytz(value):
        return {MARK: "zone", "value": value.zone}
    raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} cannot be stored")


def _plain_dict(value: dict[Any, Any]) -> dict[str, Any]:
    if MARK not in value and all(type(key) is str for key in value):
        return {key: _plain(item) for key, item in value.items()}
    for key in value:
        if type(key) not in (str, int):
            raise TypeError(f"a dictionary key of type {type(key).__qualname__} cannot be stored")
    return {MARK: "dict", "value": [[key, _plain(item)] for key, item in value.items()]}


def _plain_items(value: Any) -> list[Any]:
    return [_plain(item) for item in value]


def _isoformat(value: datetime | time) -> str:
    # of other time zones, text keeps the offset only
    if type(value.tzinfo) not in (type(None), timezone):
        raise TypeError(f"a time in a zone of type {type(value.tzinfo)} cannot be stored")
    return value.isoformat()


def _is_pytz(value: Any) -> bool:
    return isinstance(value, pytz.tzinfo.BaseTzInfo) and value.zone in pytz.all_timezones_set


def _read_datetime_in_zone(value: list[str]) -> datetime:
    moment, zone = value
    return datetime.fromisoformat(moment).astimezone(pytz.timezone(zone))


def _read_timedelta(value: list[int]) -> timedelta:
    days, seconds, microseconds = value
    return timedelta(days, seconds, microseconds)


_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    tuple: ("tuple", _plain_items),
    set: ("set", _plain_items),
    frozenset: ("frozenset", _plain_items),
    bytes: ("bytes", bytes.hex),
    datetime: ("datetime_isoformat", _isoformat),
    date: ("date_isoformat", date.isoformat),
    time: ("time_isoformat", _isoformat),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
    UUID: ("uuid", str),
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytes": bytes.fromhex,
    "datetime_isoformat": datetime.fromisoformat,
    "datetime_zone": _read_datetime_in_zone,
    "date_isoformat": date.fromisoformat,
    "time_isoformat": time.fromisoformat,
    "timedelta": _read_timedelta,
    "decimal": Decimal,
    "uuid": UUID,
    "zone": pytz.timezone,
}


def _restore(value: dict[str, Any]) -> Any:
    if MARK not in value:
        return value
    return _READERS[value[MARK]](value["value"])
