"""A kind of platform by nothing but the names that the old suite offered."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import config

from odoo.addons.cloud_platform.models.cloud_platform import FilestoreKind, PlatformConfig

FOLDER = FilestoreKind("folder", "remote")


class CloudPlatform(models.AbstractModel):
    _inherit = "cloud.platform"

    def _filestore_kinds(self):
        kinds = super()._filestore_kinds()
        kinds["folder"] = FOLDER
        return kinds

    def _platform_kinds(self):
        kinds = super()._platform_kinds()
        kinds.append("folder")
        return kinds

    def _config_by_server_env_for_folder(self):
        kinds = self._filestore_kinds()
        return {"prod": PlatformConfig(kinds["folder"]), "test": PlatformConfig(kinds["db"])}

    def _install(self, platform_kind):
        super()._install(platform_kind)
        self.env["ir.config_parameter"].set_param("folder.installed", platform_kind)

    def _check_filestore(self, environment_name):
        super()._check_filestore(environment_name)
        if config.get("folder_is_full"):
            raise UserError("the folder is full")
