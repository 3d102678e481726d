"""The address of Redis and the lifetimes of sessions, from the environment."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from odoo.addons.cloud_base import settings as common
from odoo.addons.cloud_base.settings import CertificateFile, EnvironmentSettings, Flag

from .redis_io.redis_url import RedisURL, parse_url
from .settings_rules import contradictions, passed_over

PREFIX = "ODOO_SESSION_REDIS_"
NOT_IN_HOSTS = re.compile(r"[/@?#]")
ADDRESS = re.compile(
    r"(?:\[(?P<ip>[^\]/@?#]+)\]|(?P<name>[^:\s\[\]/@?#]+))(?::(?P<port>\d{1,5}))?", re.ASCII
)
LONGEST_SOCKET = 107
MAX_NUMBER = 2**31 - 1  # of databases, and of a lifetime: 68 years


class RedisSettings(EnvironmentSettings):
    """The variables ``ODOO_SESSION_REDIS*``; all others are ignored while the first is off."""

    code = "REDIS"
    switch = "ODOO_SESSION_REDIS"

    enabled: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS",
        description="keep the sessions in Redis (1, true, yes, on)",
    )
    host: str = Field(
        default="localhost",
        alias="ODOO_SESSION_REDIS_HOST",
        description="host name of the Redis server; with Cluster, of its nodes: host:port,…",
    )
    port: int = Field(
        default=6379,
        alias="ODOO_SESSION_REDIS_PORT",
        ge=1,
        le=65535,
        description="port of the Redis server",
    )
    socket: Path | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_SOCKET",
        description="path of its unix socket, instead of host and port",
    )
    url: SecretStr | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_URL",
        description="address of the Redis server (redis://, rediss:// or unix://),"
        " instead of host and port",
    )
    username: str | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_USERNAME",
        description="user of Redis' access control lists (ACL)",
    )
    password: SecretStr | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_PASSWORD",
        description="password of the Redis server, or of the user",
    )
    db: int | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_DB",
        ge=0,
        le=MAX_NUMBER,
        description="number of the database of the Redis server",
    )
    tls: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS_TLS",
        description="connect with TLS (1, true, yes, on)",
    )
    tls_ca: CertificateFile | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_TLS_CA",
        description="file of certificates of the authorities that sign the server's",
    )
    tls_cert: CertificateFile | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_TLS_CERT",
        description="file of the client's certificate",
    )
    tls_key: CertificateFile | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_TLS_KEY",
        description="file of the client's private key",
    )
    cluster: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS_CLUSTER",
        description="the server is a node of a Redis Cluster (1, true, yes, on)",
    )
    sentinel_host: str | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_SENTINEL_HOST",
        description="Redis Sentinels, which know the server: host,… or host:port,…",
    )
    sentinel_port: int = Field(
        default=26379,
        alias="ODOO_SESSION_REDIS_SENTINEL_PORT",
        ge=1,
        le=65535,
        description="port of the Sentinels that are named without one",
    )
    sentinel_master_name: str | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_SENTINEL_MASTER_NAME",
        description="name by which the Sentinels know the server",
    )
    sentinel_username: str | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_SENTINEL_USERNAME",
        description="user of the Sentinels",
    )
    sentinel_password: SecretStr | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_SENTINEL_PASSWORD",
        description="password of the Sentinels",
    )
    sentinel_tls: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS_SENTINEL_TLS",
        description="connect to the Sentinels with TLS (1, true, yes, on)",
    )
    prefix: str = Field(
        default="",
        alias="ODOO_SESSION_REDIS_PREFIX",
        description="keys are session:<prefix>:<session id>; no braces",
    )
    old_keys: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS_OLD_KEYS",
        description="write the keys of releases before 3.0, session::<prefix>:<session id>,"
        " while a front-end of such a release still runs",
    )
    expiration: PositiveInt | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_EXPIRATION",
        le=MAX_NUMBER,
        description="seconds that the unused session of a user lives"
        " (unset: the system parameter sessions.max_inactivity_seconds, or 7 days)",
    )
    expiration_anonymous: PositiveInt = Field(
        default=3 * 60 * 60,
        alias="ODOO_SESSION_REDIS_EXPIRATION_ANONYMOUS",
        le=MAX_NUMBER,
        description="seconds that the unused session of an anonymous visitor lives",
    )
    connect_timeout: float = Field(
        default=1.0,
        alias="ODOO_SESSION_REDIS_CONNECT_TIMEOUT",
        gt=0,
        le=60,
        description="seconds to wait for a connection to Redis, at most 60",
    )
    read_timeout: float = Field(
        default=2.0,
        alias="ODOO_SESSION_REDIS_READ_TIMEOUT",
        gt=0,
        le=60,
        description="seconds to wait for an answer of Redis, at most 60",
    )
    start_timeout: float = Field(
        default=30.0,
        alias="ODOO_SESSION_REDIS_START_TIMEOUT",
        ge=0,
        le=3600,
        description="seconds that a server which starts waits for Redis to answer",
    )

    @model_validator(mode="wrap")
    @classmethod
    def _mistakes_at_once(cls, values: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        # a rule of the model would be left out while any field is wrong
        if not cls.is_on(values):
            return handler(values)
        wrong: list[InitErrorDetails] = []
        try:
            settings = handler(values)
        except ValidationError as error:
            wrong = [_as_detail(detail) for detail in error.errors()]
        for name, text in contradictions(_given(values)):
            custom = PydanticCustomError("contradiction", text)
            wrong.append(InitErrorDetails(type=custom, loc=(PREFIX + name,), input=None))
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong, hide_input=True)
        return settings

    @field_validator("prefix")
    @classmethod
    def _no_braces(cls, prefix: str) -> str:
        # Redis Cluster would use the text between braces as the hash tag of all keys
        if "{" in prefix or "}" in prefix:
            raise ValueError("must not have braces")
        return prefix

    @field_validator("url")
    @classmethod
    def _whole_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url:
            parse_url(url.get_secret_value())
        return url

    @field_validator("host")
    @classmethod
    def _is_no_url(cls, host: str) -> str:
        if NOT_IN_HOSTS.search(host):
            raise ValueError(f"must be a host name; a URL is for {PREFIX}URL")
        return host

    @field_validator("socket")
    @classmethod
    def _fits(cls, path: Path | None) -> Path | None:
        # the system refuses a longer path
        if path and len(os.fsencode(path)) > LONGEST_SOCKET:
            raise ValueError(f"must be the path of a socket, of at most {LONGEST_SOCKET} bytes")
        return path

    @field_validator("sentinel_host")
    @classmethod
    def _are_addresses(cls, text: str | None) -> str | None:
        if text is not None:
            addresses(text, 0)
        return text

    @classmethod
    def passed_over(cls) -> list[str]:
        """Return a sentence for each variable of the environment that is set and not used."""
        return passed_over(_given(cls.given()))

    @property
    def address(self) -> RedisURL | None:
        """The parts of the URL, where there is one."""
        return parse_url(self.url.get_secret_value()) if self.url else None

    @property
    def has_tls(self) -> bool:
        """True if the connections to the server are encrypted."""
        address = None if self.sentinel_host else self.address
        return address.scheme == "rediss" if address else self.tls

    @property
    def nodes(self) -> list[tuple[str, int]]:
        """Hosts and ports of some nodes of the Cluster."""
        return addresses(self.host, self.port)

    @property
    def sentinels(self) -> list[tuple[str, int]]:
        """Hosts and ports of the Sentinels."""
        return addresses(self.sentinel_host or "", self.sentinel_port)


def addresses(text: str, port: int) -> list[tuple[str, int]]:
    """Return the hosts and ports of ``host,host:port,[::1]:port``; those without have ``port``.

    :raises ValueError: if one of them is not an address
    """
    found = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        address = ADDRESS.fullmatch(word)
        own = int(address["port"] or port) if address else -1
        if address is None or not 0 <= own <= 65535:
            raise ValueError("must be host names with or without a port: host:port,host:port")
        found.append((address["ip"] or address["name"], own))
    return found


def _given(values: Any) -> dict[str, Any]:
    """Return the values that are set, by the ends of the names; a flag that is off is not set."""
    flags = {PREFIX + name for name in ("TLS", "CLUSTER", "SENTINEL_TLS", "OLD_KEYS")}
    return {
        name.removeprefix(PREFIX): value.get_secret_value()
        if isinstance(value, SecretStr)
        else value
        for name, value in values.items()
        if value is not None and (name not in flags or common.may_be_on(value))
    }


def _as_detail(detail: Any) -> InitErrorDetails:
    kind = PydanticCustomError(detail["type"], detail["msg"].replace("{", "{{"))
    return InitErrorDetails(type=kind, loc=detail["loc"], input=None)
