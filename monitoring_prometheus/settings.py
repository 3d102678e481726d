"""The environment variables of Prometheus."""

from pathlib import Path

from pydantic import Field, SecretStr

from odoo.tools import config

from odoo.addons.cloud_base.events.http_requests import PROBES
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag


class PrometheusSettings(EnvironmentSettings):
    """The variables of the metrics: port, token, ignored routes and folder of values."""

    code = "PROMETHEUS"
    switch = "ODOO_PROMETHEUS"

    enabled: Flag = Field(
        default=True, alias="ODOO_PROMETHEUS", description="0: nothing is counted or served"
    )
    port: int | None = Field(
        default=None,
        alias="ODOO_PROMETHEUS_PORT",
        description="separate port for /metrics, which answers while every worker is busy",
        gt=0,
        lt=65536,
    )
    interface: str | None = Field(
        default=None,
        alias="ODOO_PROMETHEUS_INTERFACE",
        description="address that the separate port listens at",
    )
    token: SecretStr | None = Field(
        default=None,
        alias="ODOO_PROMETHEUS_TOKEN",
        description="bearer token that a scrape has to show",
        min_length=1,
    )
    ignored: str = Field(
        default=",".join(sorted(PROBES)),
        alias="ODOO_PROMETHEUS_IGNORED_ROUTES",
        description="routes that are not counted, with commas between them",
    )
    directory: Path | None = Field(
        default=None,
        alias="PROMETHEUS_MULTIPROC_DIR",
        description="folder on a local disk where the processes of a server share their values",
    )

    @property
    def ignored_routes(self) -> frozenset[str]:
        """The routes whose requests are not counted."""
        return frozenset(filter(None, (route.strip() for route in self.ignored.split(","))))

    @property
    def values_directory(self) -> Path:
        """The folder of this server's values; the gevent process finds the same."""
        if self.directory:
            return self.directory
        return Path(config["data_dir"]) / "prometheus" / str(config["http_port"])

    @property
    def address(self) -> str:
        """The address that the separate port listens at, of IPv4 or IPv6."""
        return self.interface or config["http_interface"] or "0.0.0.0"
