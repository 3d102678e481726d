"""The platform: which store an environment uses, and the one call that sets it up.

``install()`` -> ``_install(kind)`` -> ``_config_by_server_env`` (the store of the running
environment) -> the store is prepared, the location is set, the attachments are moved.
A platform addon adds its kind to ``_platform_kinds`` and ``_filestore_kinds`` and says in
``_config_by_server_env_for_<kind>`` which environment uses what.
"""

import logging
from collections import namedtuple

from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import config

_logger = logging.getLogger(__name__)

FilestoreKind = namedtuple("FilestoreKind", "name location")  # location: remote, local
PlatformConfig = namedtuple("PlatformConfig", "filestore")

ENVIRONMENTS = ("prod", "integration", "labs", "test", "dev")
KIND_PARAMETER = "cloud.platform.kind"
LOCATION_PARAMETER = "ir_attachment.location"


class CloudPlatform(models.AbstractModel):
    _name = "cloud.platform"
    _description = "Cloud Platform"

    @api.model
    def _platform_kinds(self):
        """Return the kinds of platform that the installed addons offer."""
        return []

    @api.model
    def _filestore_kinds(self):
        """Return the places where attachments may be stored, by name."""
        return {name: FilestoreKind(name, "local") for name in ("db", "file")}

    @api.model
    def _default_config(self):
        return PlatformConfig(self._filestore_kinds()["db"])

    @api.model
    def _config_by_server_env(self, platform_kind, environment):
        """Return the configuration of an environment on a kind of platform."""
        configs = getattr(self, f"_config_by_server_env_for_{platform_kind}", dict)()
        return configs.get(environment) or self._default_config()

    @api.model
    def _get_running_env(self):
        """Return the running environment; every ``labs…`` is ``labs``.

        :raises UserError: for a name that stands for no environment
        """
        name = config["running_env"]
        environment = "labs" if name.startswith("labs") else name
        if environment not in ENVIRONMENTS:
            raise UserError(
                _(
                    "The running environment '%(name)s' is unknown: RUNNING_ENV takes %(known)s.",
                    name=name,
                    known=", ".join(ENVIRONMENTS),
                )
            )
        return environment

    @api.model
    def install(self):
        """Set the platform up for the running environment, and move what is stored elsewhere.

        May be called again and again: what is in its place is left alone.

        :return: what was done, a JSON-able dictionary
        """
        kinds = self._platform_kinds()
        known = self.env["ir.config_parameter"].sudo().get_param(KIND_PARAMETER)
        if known not in kinds:
            if len(kinds) != 1:
                raise UserError(self._explain_kinds(kinds))
            known = kinds[0]
        return self._install(known)

    @api.model
    def _explain_kinds(self, kinds):
        if not kinds:
            return _(
                "No platform is installed: install cloud_platform_s3 or another platform addon."
            )
        return _(
            "Several platforms are installed (%(kinds)s): set the system parameter "
            "'%(parameter)s' to the one to use.",
            kinds=", ".join(kinds),
            parameter=KIND_PARAMETER,
        )

    @api.model
    def _install(self, platform_kind):
        if platform_kind not in self._platform_kinds():
            raise UserError(_("'%s' is no kind of platform that is installed.", platform_kind))
        environment = self._get_running_env()
        filestore = self._config_by_server_env(platform_kind, environment).filestore
        if filestore.location == "remote":
            self._prepare_filestore(filestore)
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(KIND_PARAMETER, platform_kind)
        parameters.set_param(LOCATION_PARAMETER, filestore.name)
        moved = self.env["ir.attachment"].sudo().force_storage()
        _logger.info(
            "cloud platform configured for %s: environment %s, attachments in %s",
            *(platform_kind, environment, filestore.name),
        )
        return {
            "kind": platform_kind,
            "environment": environment,
            "location": filestore.name,
            "attachments": moved,
        }

    @api.model
    def _prepare_filestore(self, filestore):
        """Make a remote store ready to be written; this and no other code creates a bucket."""
