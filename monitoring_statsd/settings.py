"""The environment variables of StatsD."""

import importlib
from typing import Literal

from pydantic import Field, model_validator

from odoo.tools import config

from odoo.addons.cloud_base.events.http_requests import PROBES, STATIC
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag

# the size limit of a datagram over IPv4, in bytes
LARGEST_DATAGRAM = 65507

# the system's limit for the path of a socket, in bytes
LONGEST_PATH = 107

# the beginning of a STATSD_HOST that is the path of a socket
UNIX = "unix://"


class StatsdSettings(EnvironmentSettings):
    """The variables of StatsD: the server's address, the names of metrics and ignored routes."""

    code = "STATSD"
    switch = "ODOO_STATSD"

    enabled: Flag = Field(default=False, alias="ODOO_STATSD", description="1: metrics are sent")
    customer: str = Field(
        default="",
        alias="STATSD_CUSTOMER",
        description="name of the customer or project, a part of every metric's name",
    )
    environment: str | None = Field(
        default=None,
        alias="STATSD_ENVIRONMENT",
        description="name of the environment, a part of every metric's name",
    )
    host: str = Field(
        default="localhost",
        alias="STATSD_HOST",
        description="host of the StatsD server, looked up repeatedly; or unix:// and the path"
        " of its socket of datagrams, for example unix:///var/run/datadog/dsd.socket",
        min_length=1,
    )
    port: int = Field(
        default=8125, alias="STATSD_PORT", description="its UDP port", gt=0, lt=65536
    )
    prefix: str = Field(
        default="odoo", alias="STATSD_PREFIX", description="first part of every metric's name"
    )
    datagram_bytes: int = Field(
        default=512,
        alias="STATSD_MAXUDPSIZE",
        description="bytes of a datagram at most, where several metrics are sent in one",
        ge=128,
        le=LARGEST_DATAGRAM,
    )
    ipv6: Flag = Field(
        default=False, alias="STATSD_IPV6", description="1: the server is reached over IPv6"
    )
    tags: Literal["dogstatsd"] | None = Field(
        default=None,
        alias="STATSD_TAGS",
        description="dogstatsd: customer, environment and more are tags, no parts of the name",
    )
    ignored: str = Field(
        default=",".join(sorted({*PROBES, STATIC})),
        alias="STATSD_IGNORED_ROUTES",
        description="routes that are not counted, with commas between them",
    )

    @model_validator(mode="after")
    def _customer_is_named(self) -> "StatsdSettings":
        if self.enabled and not self.customer.strip():
            raise ValueError(
                "STATSD_CUSTOMER: it is needed with ODOO_STATSD, the names of metrics have it"
            )
        return self

    @model_validator(mode="after")
    def _family_is_the_address_s(self) -> "StatsdSettings":
        if ":" in self.host and not self.ipv6 and self.socket_path is None:
            raise ValueError("STATSD_HOST: an address of IPv6 needs STATSD_IPV6=1")
        return self

    @model_validator(mode="after")
    def _socket_is_a_path(self) -> "StatsdSettings":
        path = self.socket_path
        if path is not None and (not path.startswith("/") or len(path.encode()) > LONGEST_PATH):
            raise ValueError(
                "STATSD_HOST: expects unix:// and an absolute path of at most 107 bytes, for"
                " example unix:///var/run/datadog/dsd.socket"
            )
        return self

    @property
    def socket_path(self) -> str | None:
        """Path of the socket that metrics are sent to, None for a host."""
        return self.host.removeprefix(UNIX) if self.host.startswith(UNIX) else None

    @property
    def ignored_routes(self) -> frozenset[str]:
        """The routes whose requests are not counted."""
        return frozenset(filter(None, (route.strip() for route in self.ignored.split(","))))

    @property
    def environment_name(self) -> str:
        """``STATSD_ENVIRONMENT``, or the running environment of ``server_environment``."""
        if self.environment:
            return self.environment
        # takes RUNNING_ENV into the configuration
        importlib.import_module("odoo.addons.server_environment.server_env")
        return str(config["running_env"])
