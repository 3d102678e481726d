"""What the addon does when a server loads it, before any database."""

from odoo.addons.cloud_settings.hooks import before_serving

from .settings import PlatformSettings


def post_load() -> None:
    before_serving(PlatformSettings.mistakes)
