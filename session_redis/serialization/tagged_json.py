"""The values of a session as JSON, with a closed list of types that keep their type.

JSON's own types are written unchanged, all others with a tag: see ``value_types``. A dictionary
that JSON would change (a key that is not a text, or a key ``_type``) is written as a list of
pairs.

Reading builds values of these types only and never executes anything.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .value_types import DICT_TAG, TAGS_BY_NAME, Tag, tag_for

TYPE = "_type"
TYPE_IN_JSON = b'"_type"'

# The first keys of a payload, see ``payload``
STAMP_KEY = "_saved"
RESERVED_KEYS = (STAMP_KEY, "_of")

# The values that lifetimes are calculated from, and their limit
TIME_KEYS = ("deletion_time", "expiration")
MAX_SECONDS = 2**40

# Sessions have a few KB, and every request reads one. A larger one is a mistake of the code that
# fills it, or not a session
MAX_BYTES = 2**20
# a payload: the values with owner and stamp
MAX_TEXT_BYTES = MAX_BYTES + 100

NUMBERS = (int, float)

_TO_JSON = json.JSONEncoder(separators=(",", ":"))
_FROM_JSON = json.JSONDecoder()
_JSON_ATOMS = frozenset((type(None), bool, int, float, str))
_TEXT_ONLY = frozenset((str,))
_DATABASE_TYPES = (str, int, type(None))
_MALFORMED = "malformed session"


def encode(session: Mapping[str, Any]) -> bytes:
    """Return the values of a session as a JSON object.

    :raises TypeError: names the key of a value whose type cannot be restored
    :raises ValueError: names the key of the largest value of a session that is too large
    """
    values = dict(session)
    _check_keys(values)
    try:
        plain = values if _is_plain(values) else _tagged_session(values)
        body = _TO_JSON.encode(plain).encode()
    except RecursionError:
        # raises a TypeError with the key
        body = _TO_JSON.encode(_tagged_session(values)).encode()
    if len(body) > MAX_BYTES:
        largest = max(session, key=lambda key: len(json.dumps(_tagged(session[key]))))
        raise ValueError(
            f"session key {largest!r}: the session has {len(body)} bytes, "
            f"at most {MAX_BYTES} can be stored"
        )
    return body


def decode(text: bytes) -> dict[str, Any]:
    """Return the values of a JSON object that ``encode`` returned.

    :raises ValueError: for any other text; the message contains no part of the text
    """
    if len(text) > MAX_TEXT_BYTES:
        raise ValueError(f"{len(text)} bytes")
    try:
        if TYPE_IN_JSON in text:
            # a hook in Python is called for every dictionary: slow, and seldom needed
            values = json.loads(text.decode(errors="surrogatepass"), object_hook=_restore)
        else:
            values = _FROM_JSON.decode(text.decode(errors="surrogatepass"))
        if not isinstance(values, dict) or not _has_sound_values(values):
            raise ValueError(_MALFORMED)
        return values
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
        # a tagged value of a wrong form, or brackets that are nested too deeply
        raise ValueError(_MALFORMED) from error


def is_time(value: Any) -> bool:
    """Return True if a lifetime can be calculated from a value, or ignores its type."""
    # NaN, which Python's JSON accepts, fails every comparison
    return not isinstance(value, NUMBERS) or -MAX_SECONDS <= value <= MAX_SECONDS


def _has_sound_values(values: dict[str, Any]) -> bool:
    """Return False if values that this store itself uses would raise an error later."""
    for key in TIME_KEYS:
        if key in values and not is_time(values[key]):
            return False
    return isinstance(values.get("db"), _DATABASE_TYPES)


def _check_keys(values: Mapping[str, Any]) -> None:
    for key in RESERVED_KEYS:
        if key in values:
            raise TypeError(f"session key {key!r}: this name is reserved for the session store")
    for key in TIME_KEYS:
        if key in values and not is_time(values[key]):
            raise ValueError(f"session key {key!r}: it must be a number of seconds up to 2**40")


def _tagged_session(session: dict[str, Any]) -> dict[str, Any]:
    tagged = {}
    for key, value in session.items():
        try:
            tagged[key] = _tagged(value)
        except (RecursionError, TypeError) as error:
            raise TypeError(f"session key {key!r}: {error}") from None
    if TYPE in tagged or not _TEXT_ONLY.issuperset(map(type, tagged)):
        return _with_tag(DICT_TAG, session)
    return tagged


def _is_plain(value: dict[Any, Any]) -> bool:
    """Return True if JSON restores a dictionary: most sessions need no tag, and no copy."""
    if TYPE in value or not _TEXT_ONLY.issuperset(map(type, value)):
        return False
    return _are_plain(value.values())


def _are_plain(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind in _JSON_ATOMS:
            continue
        if kind is dict:
            if not _is_plain(value):
                return False
        elif kind is not list or not _are_plain(value):
            return False
    return True


def _tagged(value: Any) -> Any:
    """Return ``value`` in types of JSON, with tags where it has other types."""
    kind = type(value)
    if kind in _JSON_ATOMS:
        return value
    if kind is list:
        return [_tagged(item) for item in value]
    if kind is dict:
        if TYPE not in value and _TEXT_ONLY.issuperset(map(type, value)):
            return {key: _tagged(item) for key, item in value.items()}
        return _with_tag(DICT_TAG, value)
    tag = tag_for(value)
    if tag is None:
        raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} cannot be stored")
    return _with_tag(tag, value)


def _with_tag(tag: Tag, value: Any) -> dict[str, Any]:
    return {TYPE: tag.name, "value": tag.to_json(value, _tagged)}


def _restore(value: dict[str, Any]) -> Any:
    if TYPE not in value:
        return value
    try:
        return TAGS_BY_NAME[value[TYPE]].from_json(value["value"])
    except ValueError:
        # its message contains the value, which must not reach a log
        raise ValueError(_MALFORMED) from None
