"""The environment variables of the platform itself."""

from pydantic import Field

from odoo.addons.cloud_settings.settings import EnvironmentSettings, Flag


class PlatformSettings(EnvironmentSettings):
    unsafe: Flag = Field(
        default=False,
        alias="ODOO_CLOUD_PLATFORM_UNSAFE",
        description="Skip the platform's checks: a wrong configuration then starts.",
    )
