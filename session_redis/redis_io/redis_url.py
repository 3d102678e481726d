"""The URL of a Redis server: every part is checked, and only the options below are accepted.

redis-py passes any option of a URL to its connections: one option switches off the verification
of certificates, another one changes the type of each response. A message about a URL shows no
part of it, because mistakes are often inside a password.
"""

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

SCHEMES = ("redis", "rediss", "unix")

_SCHEME = re.compile(r"(?P<scheme>[a-z]+)://(?P<rest>[^\s]*)")
_HOST = re.compile(
    r"(?:\[(?P<ip>[0-9A-Fa-f:.]+(?:%25[\w.-]+)?)\]|(?P<name>[^:/?#@\[\]]*))"
    r"(?::(?P<port>\d{1,5}))?",
    re.ASCII,
)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

# each with its least and its greatest value
OPTIONS = {
    "db": (0, 999_999_999),
    "max_connections": (1, 65_535),
    "health_check_interval": (0, 3600),
}

# options of redis-py that may be in a URL which worked elsewhere, and what to do instead
INSTEAD = {
    **dict.fromkeys(
        ("ssl_cert_reqs", "ssl_check_hostname"),
        "certificates and host names are always verified",
    ),
    "ssl_ca_certs": "set ODOO_SESSION_REDIS_TLS_CA",
    "ssl_certfile": "set ODOO_SESSION_REDIS_TLS_CERT",
    "ssl_keyfile": "set ODOO_SESSION_REDIS_TLS_KEY",
    "socket_timeout": "set ODOO_SESSION_REDIS_READ_TIMEOUT",
    "socket_connect_timeout": "set ODOO_SESSION_REDIS_CONNECT_TIMEOUT",
    "timeout": "set ODOO_SESSION_REDIS_READ_TIMEOUT",
    **dict.fromkeys(("password", "username"), "write user and password before the host"),
    **dict.fromkeys(
        (
            *("client_name", "decode_responses", "encoding", "encoding_errors", "protocol"),
            *("retry_on_error", "retry_on_timeout", "socket_keepalive", "socket_read_size"),
        ),
        "remove it",
    ),
}

_ENCODE = "in user and password, write special characters as in %2F for /"


class RedisURL(NamedTuple):
    """The parts of a URL; those that it does not have are None."""

    scheme: str
    username: str | None
    password: str | None
    host: str
    port: int
    path: str | None
    db: int | None
    max_connections: int | None
    health_check_interval: int | None


def parse_url(text: str) -> RedisURL:
    """Return the parts of a URL.

    :raises ValueError: with the expected form; it shows no part of the URL
    """
    found = _SCHEME.fullmatch(text)
    if not found or found["scheme"] not in SCHEMES:
        names = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        if re.search(r"\s", text):
            raise ValueError(f"has white space: {_ENCODE}")
        raise ValueError(f"must be an address that starts with {names}")
    scheme = found["scheme"]
    rest, _mark, query = found["rest"].partition("?")
    login, at, place = rest.rpartition("@")
    if "#" in found["rest"] or _PERCENT.search(found["rest"]) or "/" in login:
        raise ValueError(f"has a #, a / or a % that is not written as %23, %2F or %25; {_ENCODE}")
    options = _options(query)
    username, _colon, password = login.partition(":")
    where = _socket(place) if scheme == "unix" else _server(place)
    if "db" in where and "db" in options:
        raise ValueError("has two numbers of a database")
    parts: dict[str, Any] = {
        "username": unquote(username) or None,
        "password": unquote(password) or None,
        **dict.fromkeys(("path", *OPTIONS)),
        "host": "localhost",
        "port": 6379,
        **options,
        **where,
    }
    if at and not (username or password):
        raise ValueError("has an @ without a user or password before it")
    return RedisURL(scheme=scheme, **parts)


def _server(place: str) -> dict[str, Any]:
    host, _slash, path = place.partition("/")
    found = _HOST.fullmatch(host)
    if not found:
        raise ValueError(f"must have host:port, the port a number, after the user; {_ENCODE}")
    port = int(found["port"] or 6379)
    if not 0 < port < 65536:
        raise ValueError("must have a port from 1 to 65535")
    server: dict[str, Any] = {"port": port}
    if name := found["ip"] or found["name"]:
        server["host"] = unquote(name)
    if path.strip("/"):
        server["db"] = _number("the path of the URL, the database,", path, *OPTIONS["db"])
    return server


def _socket(place: str) -> dict[str, Any]:
    if not place.startswith("/") or not place.strip("/"):
        raise ValueError("must have the full path of a socket: unix:///run/redis/redis.sock")
    return {"path": unquote(place)}


def _options(query: str) -> dict[str, int]:
    options: dict[str, int] = {}
    for word in filter(None, query.split("&")):
        name, _equals, value = word.partition("=")
        if name in INSTEAD:
            raise ValueError(f"may not have the option {name}: {INSTEAD[name]}")
        if name not in OPTIONS:
            # not named: it may be what follows a ? in a password
            known = ", ".join(OPTIONS)
            raise ValueError(f"may have no other options than {known}; {_ENCODE}")
        if name in options:
            raise ValueError(f"has the option {name} twice")
        options[name] = _number(f"the option {name}", value, *OPTIONS[name])
    return options


def _number(what: str, text: str, least: int, greatest: int) -> int:
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= greatest:
        raise ValueError(f"{what} must be a number from {least} to {greatest}")
    return int(text)
