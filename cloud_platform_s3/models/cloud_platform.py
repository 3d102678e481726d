"""The kind of platform whose attachments are in S3."""

from odoo import api, models

from odoo.addons.cloud_platform.models.cloud_platform import FilestoreKind, PlatformConfig

S3_STORE_KIND = FilestoreKind("s3", "remote")


class CloudPlatform(models.AbstractModel):
    """Adds the kind ``s3`` of platform, with attachments in an S3 bucket."""

    _inherit = "cloud.platform"

    @api.model
    def _platform_kinds(self):
        return [*super()._platform_kinds(), "s3"]

    @api.model
    def _filestore_kinds(self):
        return {**super()._filestore_kinds(), "s3": S3_STORE_KIND}

    @api.model
    def _config_by_server_env_for_s3(self):
        kinds = self._filestore_kinds()
        stores = {"prod": "s3", "integration": "s3", "labs": "s3", "test": "db", "dev": "db"}
        return {name: PlatformConfig(kinds[store]) for name, store in stores.items()}

    @api.model
    def _former_kinds(self):
        return {**super()._former_kinds(), "exoscale": "s3"}

    @api.model
    def _prepare_filestore(self, filestore):
        if filestore == S3_STORE_KIND:
            self.env["ir.attachment"]._get_object_store("s3").create_container()
        return super()._prepare_filestore(filestore)
