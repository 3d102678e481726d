"""Variables that cannot be set together, or need each other.

With one of two addresses, a server could keep its sessions in the wrong Redis. With certificates
but without TLS, it would send sessions unencrypted.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .redis_io.redis_url import RedisURL, parse_url

Given = Mapping[str, Any]

NAME = "ODOO_SESSION_REDIS_"
SENTINEL = ("USERNAME", "PASSWORD", "TLS")
TLS_FILES = ("TLS_CA", "TLS_CERT", "TLS_KEY")


class Rule(NamedTuple):
    """``variable`` is wrong beside what ``when`` finds; ``text`` says what to do."""

    variable: str
    when: Callable[[Given], bool]
    text: str


def _both(first: str, second: str) -> Callable[[Given], bool]:
    return lambda given: first in given and second in given


def _without(first: str, second: str) -> Callable[[Given], bool]:
    return lambda given: first in given and second not in given


def _one_of(first: str, second: str) -> Rule:
    return Rule(first, _both(first, second), f"unset this variable or {NAME}{second}, not both")


def _url(given: Given) -> RedisURL | None:
    try:
        return parse_url(str(given.get("URL", "")))
    except ValueError:
        return None  # its field has the mistake


def _url_has(part: str) -> Callable[[Given], bool]:
    return lambda given: getattr(_url(given), part, None) is not None


def _both_with_url(variable: str, part: str) -> Callable[[Given], bool]:
    return lambda given: variable in given and _url_has(part)(given)


def _has_tls(given: Given) -> bool:
    return "TLS" in given or "SENTINEL_TLS" in given or _is_url("rediss", given)


def _is_url(scheme: str, given: Given) -> bool:
    url = _url(given)
    return bool(url and url.scheme == scheme)


def _is_no_cluster_url(given: Given) -> bool:
    url = _url(given)
    return bool(url and (url.db is not None or url.scheme == "unix"))


_UNSET_ONE = "says the same as " + NAME + "URL: unset one of them"

RULES = (
    *(_one_of(name, "SOCKET") for name in ("HOST", "PORT")),
    _one_of("SOCKET", "URL"),
    _one_of("SENTINEL_HOST", "SOCKET"),
    *(_one_of("CLUSTER", other) for other in ("SENTINEL_HOST", "SOCKET", "DB", "OLD_KEYS")),
    *(
        Rule(
            f"SENTINEL_{name}",
            _without(f"SENTINEL_{name}", "SENTINEL_HOST"),
            f"needs {NAME}SENTINEL_HOST",
        )
        for name in SENTINEL
    ),
    Rule(
        "SENTINEL_MASTER_NAME",
        _without("SENTINEL_HOST", "SENTINEL_MASTER_NAME"),
        f"{NAME}SENTINEL_HOST needs it: the name by which the Sentinels know the server",
    ),
    Rule("USERNAME", _without("USERNAME", "PASSWORD"), f"needs {NAME}PASSWORD"),
    Rule(
        "SENTINEL_USERNAME",
        _without("SENTINEL_USERNAME", "SENTINEL_PASSWORD"),
        f"needs {NAME}SENTINEL_PASSWORD",
    ),
    Rule("USERNAME", _both_with_url("USERNAME", "username"), _UNSET_ONE),
    Rule("DB", _both_with_url("DB", "db"), _UNSET_ONE),
    Rule(
        "CLUSTER",
        lambda given: "CLUSTER" in given and _is_no_cluster_url(given),
        f"needs {NAME}URL without a database and a socket: a Cluster has neither",
    ),
    Rule("TLS", _both("TLS", "URL"), f"is said by {NAME}URL: rediss:// is with TLS"),
    Rule("TLS", _both("TLS", "SOCKET"), f"is not for {NAME}SOCKET: unset one of them"),
    *(
        Rule(
            name,
            lambda given, name=name: name in given and not _has_tls(given),  # type: ignore[misc]
            f"needs TLS: {NAME}TLS, {NAME}SENTINEL_TLS or a {NAME}URL with rediss://",
        )
        for name in TLS_FILES
    ),
    Rule("TLS_KEY", _without("TLS_CERT", "TLS_KEY"), f"{NAME}TLS_CERT needs it: its private key"),
    Rule("TLS_CERT", _without("TLS_KEY", "TLS_CERT"), f"{NAME}TLS_KEY needs it"),
    Rule(
        "HOST",
        lambda given: "," in str(given.get("HOST", "")) and "CLUSTER" not in given,
        f"several hosts are only for {NAME}CLUSTER and {NAME}SENTINEL_HOST",
    ),
)


# the old suite took these together, and left the first of each pair unread
PASSED_OVER = (
    ("HOST", _both("HOST", "URL"), "URL"),
    ("PORT", _both("PORT", "URL"), "URL"),
    ("HOST", _both("HOST", "SENTINEL_HOST"), "SENTINEL_HOST"),
    ("PORT", _both("PORT", "SENTINEL_HOST"), "SENTINEL_HOST"),
    ("URL", _both("URL", "SENTINEL_HOST"), "SENTINEL_HOST"),
    ("PASSWORD", _both_with_url("PASSWORD", "password"), "URL"),
)


def passed_over(given: Given) -> list[str]:
    """Return a sentence for each variable that another one comes before."""
    return [
        f"{NAME}{variable} is not used: {NAME}{other} comes first"
        for variable, when, other in PASSED_OVER
        if when(given)
    ]


def contradictions(given: Given) -> Iterator[tuple[str, str]]:
    """Yield each variable that is wrong, without ``ODOO_SESSION_REDIS_``, and why."""
    for rule in RULES:
        if rule.when(given):
            yield rule.variable, rule.text
