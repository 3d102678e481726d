"""The Swift server of the tests, from the environment."""

from odoo.addons.base_attachment_object_storage.store import without_bulk
from odoo.addons.base_attachment_object_storage.store_guard import forget_outages
from odoo.addons.cloud_base.tests.services import service

from ..settings import SwiftSettings, swift_settings
from ..store import SwiftStore

TEMP_URL_KEY = "signs the URLs of the tests"


class SwiftSetUp:
    """Mixed into a test case; skips aloud where no server is named."""

    scheme = "swift"
    server_variable = "SWIFT_AUTH_URL"
    secret_variable = "SWIFT_PASSWORD"

    def setUp(self):
        self.settings = self.environment()
        self.authorities = self.settings.ca_bundle or True
        if self.settings.required() or not self.settings.container:
            self.skipTest(
                "no Swift server: set SWIFT_AUTH_URL, SWIFT_ACCOUNT, SWIFT_PASSWORD, "
                "SWIFT_PROJECT_NAME, SWIFT_WRITE_CONTAINER"
            )
        if not self.settings.temp_url_key:
            self.settings = self.settings_with(SWIFT_TEMP_URL_KEY=TEMP_URL_KEY)
        self.bucket = self.settings.container.replace("{db}", "test")
        self.other_container = f"{self.bucket}-other"
        self.make_store().create_container()
        self.addCleanup(forget_outages)
        self.addCleanup(without_bulk.clear)
        super().setUp()

    def environment(self):
        return swift_settings()

    def make_store(self, container=None, settings=None):
        return SwiftStore(settings or self.settings, container or self.bucket)

    def make_read_only_store(self, container=None):
        """Return the same as ``make_store()``, for a user who may only read."""
        password = service("swift")["users"]["reader"]["password"]
        settings = self.settings_with(SWIFT_ACCOUNT="reader", SWIFT_PASSWORD=password)
        return SwiftStore(settings, container or self.bucket)

    def settings_with(self, **values):
        """Return the settings of the environment with other values."""
        by_alias = {
            field.alias: getattr(self.settings, name)
            for name, field in SwiftSettings.model_fields.items()
        }
        return SwiftSettings(**{**by_alias, **values})
