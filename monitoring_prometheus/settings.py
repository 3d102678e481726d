"""The environment variables of Prometheus."""

from pathlib import Path

from pydantic import Field, SecretStr

from odoo.tools import config

from odoo.addons.cloud_base.events.http_requests import PROBES
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag


class PrometheusSettings(EnvironmentSettings):
    switch = "ODOO_PROMETHEUS"

    enabled: Flag = Field(
        default=True, alias="ODOO_PROMETHEUS", description="0: nothing is counted or served"
    )
    port: int | None = Field(
        default=None,
        alias="ODOO_PROMETHEUS_PORT",
        description="a port of its own for /metrics, which answers while every worker is busy",
        gt=0,
        lt=65536,
    )
    interface: str | None = Field(
        default=None,
        alias="ODOO_PROMETHEUS_INTERFACE",
        description="address that the port of its own listens at",
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
        return frozenset(filter(None, (route.strip() for route in self.ignored.split(","))))

    @property
    def values_directory(self) -> Path:
        """The folder of this server's values; the gevent process finds the same."""
        if self.directory:
            return self.directory
        return Path(config["data_dir"]) / "prometheus" / str(config["http_port"])

    @property
    def address(self) -> str:
        """Where the port of its own listens; ``::`` and other addresses of IPv6 too."""
        return self.interface or config["http_interface"] or "0.0.0.0"
