"""The environment variables of the log."""

from typing import Literal

from pydantic import Field

from odoo.addons.cloud_base.events.http_requests import PROBES, STATIC
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag

NONE = "none"


class LoggingSettings(EnvironmentSettings):
    """The variables ``ODOO_LOGGING_JSON*``."""

    code = "LOGGING"
    switch = "ODOO_LOGGING_JSON"

    enabled: Flag = Field(
        default=False,
        alias="ODOO_LOGGING_JSON",
        description="write the log as JSON (1, true, yes, on)",
    )
    schema_name: Literal["default", "ecs", "otel", "gcp"] = Field(
        default="default",
        alias="ODOO_LOGGING_JSON_SCHEMA",
        description="names of the fields: default, ecs, otel or gcp",
    )
    ignored: str = Field(
        default=",".join([*sorted(PROBES), STATIC]),
        alias="ODOO_LOGGING_JSON_IGNORED_ROUTES",
        description="routes whose requests are not logged unless they fail, with commas between"
        " them; static stands for static files, none for no route",
    )
    limit: int = Field(
        default=32_000,
        alias="ODOO_LOGGING_JSON_MAX_LENGTH",
        ge=1000,
        le=1_000_000,
        description="characters that are kept of a text, 1000 to 1000000",
    )

    @property
    def ignored_routes(self) -> frozenset[str]:
        """The routes whose access lines are dropped; empty for the variable's value ``none``."""
        names = frozenset(filter(None, (route.strip() for route in self.ignored.split(","))))
        return names - {NONE}
