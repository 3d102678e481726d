"""Songs for anthem: ``anthem odoo.addons.cloud_platform.songs::install``."""

from typing import Any


def install(ctx: Any) -> Any:
    """Install the platform for anthem; the report is printed and returned."""
    report = ctx.env["cloud.platform"].install()
    ctx.log_line(str(report))
    return report
