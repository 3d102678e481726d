"""The environment variables of the platform itself."""

from pydantic import Field, PositiveFloat, SecretStr

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag

DEFAULT_PROBE_SECONDS = 5


class PlatformSettings(EnvironmentSettings):
    """The variables of the checks, the probes and the health endpoints."""

    code = "PLATFORM"

    unsafe: Flag = Field(
        default=False,
        alias="ODOO_CLOUD_PLATFORM_UNSAFE",
        description="1: skip the platform's checks, a wrong configuration then starts",
    )
    silenced_checks: str = Field(
        default="",
        alias="ODOO_CLOUD_PLATFORM_SILENCED_CHECKS",
        description="ids of checks to leave out, with commas between them",
    )
    degraded: Flag = Field(
        default=False,
        alias="ODOO_CLOUD_PLATFORM_DEGRADED",
        description="1: a server with errors stays up, not ready and without storage writes",
    )
    probes: Flag = Field(
        default=True,
        alias="ODOO_CLOUD_PLATFORM_PROBES",
        description="0: the checks send nothing to Redis or the store",
    )
    probe_timeout_seconds: PositiveFloat = Field(
        default=DEFAULT_PROBE_SECONDS,
        alias="ODOO_CLOUD_PLATFORM_PROBE_TIMEOUT",
        le=3600,
        description="seconds that one probe may take",
    )
    health_token: SecretStr | None = Field(
        default=None,
        alias="ODOO_CLOUD_PLATFORM_HEALTH_TOKEN",
        description="bearer token that shows the details of the readiness endpoint",
    )

    @classmethod
    def probe_seconds(cls) -> float:
        """Return the seconds of one probe; the default while the settings are wrong."""
        try:
            return cls.read().probe_timeout_seconds
        except ConfigurationError:
            return DEFAULT_PROBE_SECONDS
