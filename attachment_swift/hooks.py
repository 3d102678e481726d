"""The steps when Odoo imports the addon, before any database is loaded."""

from odoo.addons.base_attachment_object_storage.hooks import serve_before_loaded
from odoo.addons.base_attachment_object_storage.store import StoreUri
from odoo.addons.cloud_base.startup.checks import before_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide

from .settings import SwiftSettings, swift_settings
from .store import SwiftStore


@server_wide
def post_load() -> None:
    """Check the settings of a server that is started with ``--load=...,attachment_swift``."""
    before_serving(SwiftSettings.problems)


def serve_swift_before_loaded() -> None:
    """Let modules that are updated before this addon is loaded read from Swift."""

    def read(uri: StoreUri) -> bytes:
        return SwiftStore(swift_settings(), uri.container).read(uri.key)

    serve_before_loaded("swift", read)
