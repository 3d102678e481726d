"""The kind of platform whose attachments are in Swift."""

from odoo import api, models

from odoo.addons.cloud_platform.models.cloud_platform import FilestoreKind, PlatformConfig

SWIFT_STORE_KIND = FilestoreKind("swift", "remote")


class CloudPlatform(models.AbstractModel):
    """Adds the kind ``swift`` of platform, with attachments in a Swift container."""

    _inherit = "cloud.platform"

    @api.model
    def _platform_kinds(self):
        return [*super()._platform_kinds(), "swift"]

    @api.model
    def _filestore_kinds(self):
        return {**super()._filestore_kinds(), "swift": SWIFT_STORE_KIND}

    @api.model
    def _config_by_server_env_for_swift(self):
        kinds = self._filestore_kinds()
        stores = {
            "prod": "swift",
            "integration": "swift",
            "labs": "swift",
            "test": "db",
            "dev": "db",
        }
        return {name: PlatformConfig(kinds[store]) for name, store in stores.items()}

    @api.model
    def _former_kinds(self):
        return {**super()._former_kinds(), "ovh": "swift"}

    @api.model
    def _prepare_filestore(self, filestore):
        if filestore == SWIFT_STORE_KIND:
            self.env["ir.attachment"]._get_object_store("swift").create_container()
        return super()._prepare_filestore(filestore)
