"""The steps when Odoo imports the addon, before any database is loaded."""

from odoo.addons.base_attachment_object_storage.hooks import serve_before_loaded
from odoo.addons.base_attachment_object_storage.store import StoreUri
from odoo.addons.cloud_base.startup.checks import before_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide

from .settings import S3Settings, s3_settings
from .store import S3Store


@server_wide
def post_load() -> None:
    """Check the settings of a server that is started with ``--load=...,attachment_s3``."""
    before_serving(S3Settings.problems)


def serve_s3_before_loaded() -> None:
    """Let modules that are updated before this addon is loaded read from S3."""

    def read(uri: StoreUri) -> bytes:
        return S3Store(s3_settings(), uri.container).read(uri.key)

    serve_before_loaded("s3", read)
