"""Where the sessions live and for how long, from the environment."""

from typing import Any

from pydantic import (
    Field,
    PositiveInt,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from odoo.addons.cloud_settings.settings import EnvironmentSettings, Flag

URL_SCHEMES = ("redis://", "rediss://", "unix://")


class RedisSettings(EnvironmentSettings):
    """The variables ``ODOO_SESSION_REDIS*``; all others are ignored while the first is off."""

    enabled: Flag = Field(
        default=False,
        alias="ODOO_SESSION_REDIS",
        description="keep the sessions in Redis (1, true, yes, on)",
    )
    host: str = Field(
        default="localhost",
        alias="ODOO_SESSION_REDIS_HOST",
        description="host name of the Redis server",
    )
    port: int = Field(
        default=6379,
        alias="ODOO_SESSION_REDIS_PORT",
        ge=1,
        le=65535,
        description="port of the Redis server",
    )
    password: SecretStr | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_PASSWORD",
        description="password of the Redis server",
    )
    url: SecretStr | None = Field(
        default=None,
        alias="ODOO_SESSION_REDIS_URL",
        description="address of the Redis server (redis://, rediss:// or unix://),"
        " instead of host and port",
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
        description="seconds that the unused session of a user lives"
        " (unset: the system parameter sessions.max_inactivity_seconds, or 7 days)",
    )
    expiration_anonymous: PositiveInt = Field(
        default=3 * 60 * 60,
        alias="ODOO_SESSION_REDIS_EXPIRATION_ANONYMOUS",
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
    sentinel_host: None = Field(default=None, alias="ODOO_SESSION_REDIS_SENTINEL_HOST")
    sentinel_port: None = Field(default=None, alias="ODOO_SESSION_REDIS_SENTINEL_PORT")
    sentinel_master_name: None = Field(
        default=None, alias="ODOO_SESSION_REDIS_SENTINEL_MASTER_NAME"
    )

    @model_validator(mode="before")
    @classmethod
    def _only_when_enabled(cls, values: dict[str, Any]) -> dict[str, Any]:
        # a deployment's template may name a Redis also for instances that use none
        try:
            enabled = TypeAdapter(Flag).validate_python(values.get("ODOO_SESSION_REDIS", False))
        except ValidationError:
            return values
        return values if enabled else {}

    @field_validator("prefix")
    @classmethod
    def _no_braces(cls, prefix: str) -> str:
        # Redis Cluster would take what they enclose for the hash tag of all keys
        if "{" in prefix or "}" in prefix:
            raise ValueError("takes a text without braces")
        return prefix

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(URL_SCHEMES):
            raise ValueError(f"takes an address that starts with {', '.join(URL_SCHEMES)}")
        return url

    @field_validator("sentinel_host", "sentinel_port", "sentinel_master_name", mode="before")
    @classmethod
    def _no_sentinel(cls, value: Any) -> None:
        if value is not None:
            raise ValueError(
                "Redis Sentinel is not supported: unset this variable and name the Redis"
                " server itself in ODOO_SESSION_REDIS_HOST or ODOO_SESSION_REDIS_URL"
            )
