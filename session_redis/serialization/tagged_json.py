"""Sessions as JSON, with a closed list of types that come back as what they were.

JSON's own types are written as they are; any other one as ``{"_type": NAME, "value": ...}``.
The names for datetime, date and set are those that earlier releases of this addon wrote:
their sessions are read, and what they can read of ours they do. A dictionary that JSON would
spoil (a key that is no string, or a key ``_type``) is written as a list of pairs.

Besides the session's own keys, the object begins with ``_of``, its owner: a digest of the id that
it belongs to, and the name of a clock; then ``_saved``, its stamp (see ``lifetime``). A payload
without the first is of a release up to 3.0.0, which reads those that have it.

Reading builds values of these types only and never executes anything.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytz

MARK = "_type"
MARKED = b'"_type"'
SAVED = "_saved"
OWNER = "_of"
RESERVED = (SAVED, OWNER)

# The values that lifetimes are reckoned with, and the most that they can be
TIMES = ("deletion_time", "expiration")
MAX_SECONDS = 2**40

# Sessions have a few KB, and each request reads one: what is larger is a mistake of whoever
# filled it, or no session at all
MAX_BYTES = 2**20
# with a stamp
LONGEST = MAX_BYTES + 100

_STAMPED = re.compile(rb'\{(?:"_of":"(?P<owner>[0-9a-f]*)",)?"_saved":\[\d+,\d+\],?')
_TO_JSON = json.JSONEncoder(separators=(",", ":"))
_ATOMS = frozenset((type(None), bool, int, float, str))
_TEXT = frozenset((str,))
NUMBERS = (int, float)
_OF_DATABASES = (str, int, type(None))


class Stamp(NamedTuple):
    """When a session was saved, in seconds since 1970, and the seconds that it then had."""

    at: int
    lifetime: int


def encode(session: Mapping[str, Any]) -> bytes:
    """Return ``session`` as a JSON object.

    :raises TypeError: when a value is of a type that would not come back; names its key
    :raises ValueError: when it is too large; names the key of its largest value
    """
    values = dict(session)
    _check_names_and_times(values)
    try:
        body = _TO_JSON.encode(values if _is_plain(values) else _plain_session(values)).encode()
    except RecursionError:
        # it names the key
        body = _TO_JSON.encode(_plain_session(values)).encode()
    if len(body) > MAX_BYTES:
        largest = max(session, key=lambda key: len(json.dumps(_plain(session[key]))))
        raise ValueError(
            f"session key {largest!r}: the session takes {len(body)} bytes, "
            f"more than the {MAX_BYTES} that are stored"
        )
    return body


def _plain_session(session: dict[str, Any]) -> dict[str, Any]:
    plain = {}
    for key, value in session.items():
        try:
            plain[key] = _plain(value)
        except (RecursionError, TypeError) as error:
            raise TypeError(f"session key {key!r}: {error}") from None
    if MARK in plain or not _TEXT.issuperset(map(type, plain)):
        return _plain_dict(session)
    return plain


def _check_names_and_times(values: Mapping[str, Any]) -> None:
    for name in RESERVED:
        if name in values:
            raise TypeError(f"session key {name!r}: the store keeps this name for itself")
    for name in TIMES:
        if not is_time(values.get(name)):
            raise ValueError(f"session key {name!r}: it must be a number of seconds up to 2**40")


def is_time(value: Any) -> bool:
    """Return True if lifetimes can be reckoned with a value, or take no notice of it."""
    # of NaN, which JSON of Python has, no comparison is true
    return not isinstance(value, NUMBERS) or -MAX_SECONDS <= value <= MAX_SECONDS


def digest_of(sid: str) -> bytes:
    """Return what a payload names its session by: enough to know another one's."""
    return hashlib.blake2b(sid.encode(), digest_size=6).hexdigest().encode()


def stamped(body: bytes, stamp: Stamp, owner: bytes = b"") -> bytes:
    """Return what ``encode`` returned, with its owner and a stamp as the first keys.

    :param owner: the digest of its id, and the name of the clock of the stamp
    """
    owner = b'"%s":"%s",' % (OWNER.encode(), owner) if owner else b""
    comma = b"," if len(body) > len(b"{}") else b""
    return b'{%s"%s":[%d,%d]%s%s' % (owner, SAVED.encode(), *stamp, comma, body[1:])


def without_stamp(text: bytes) -> bytes:
    """Return the body that ``stamped`` was given."""
    return split(text)[1]


def split(text: bytes) -> tuple[bytes | None, bytes]:
    """Return the owner and the body that ``stamped`` was given; 3.0.0 had no owner."""
    found = _STAMPED.match(text)
    return (found["owner"], b"{" + text[found.end() :]) if found else (None, text)


def decode(text: bytes) -> tuple[dict[str, Any], Stamp | None]:
    """Return the session that JSON holds, and its stamp if it has one.

    :raises ValueError: when it is not the object of a session
    """
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} bytes")
    try:
        # a hook in Python is called for each dictionary: not where there is nothing to restore
        hook = _restore if MARKED in text else None
        session = json.loads(text.decode(errors="surrogatepass"), object_hook=hook)
        if not isinstance(session, dict):
            raise ValueError("not a JSON object")
        # 3.0.0 keeps it as if it were a value
        session.pop(OWNER, None)
        stamp = session.pop(SAVED, None)
        return _judged(session, stamp and Stamp(*map(int, stamp)))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        # a marked value that is not of its type's shape, or an abyss of brackets
        raise ValueError("malformed session") from error


def _judged(session: dict[str, Any], stamp: Stamp | None) -> tuple[dict[str, Any], Stamp | None]:
    """Return what was read; a ``ValueError`` where no lifetime could be reckoned with it."""
    for number in (*(stamp or ()), *map(session.get, TIMES)):
        if not is_time(number):
            raise ValueError("malformed session")
    if not isinstance(session.get("db"), _OF_DATABASES):
        raise ValueError("malformed session")
    return session, stamp


def _is_plain(value: dict[Any, Any]) -> bool:
    """Tell whether JSON keeps a dictionary as it is: most sessions, and without a copy."""
    if MARK in value or not _TEXT.issuperset(map(type, value)):
        return False
    return _are_plain(value.values())


def _are_plain(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind in _ATOMS:
            continue
        if kind is dict:
            if not _is_plain(value):
                return False
        elif kind is not list or not _are_plain(value):
            return False
    return True


def _plain(value: Any) -> Any:
    """Return ``value`` in the types of JSON, marked where it is of another one."""
    kind = type(value)
    if kind in _ATOMS:
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
    try:
        restored = _READERS[value[MARK]](value["value"])
    except ValueError:
        # its text has the value, which is nobody's to read in a log
        raise ValueError("malformed session") from None
    for name in RESERVED:
        if name in value:
            restored[name] = value[name]
    return restored
