"""The way back from ``install()``: attachments in the database, or in local files, again."""

from odoo import _, api, models
from odoo.exceptions import UserError

from .. import admission
from ..checks.inputs import KIND_PARAMETER, LOCATION_PARAMETER


class CloudPlatform(models.AbstractModel):
    """The reverse of ``install()``."""

    _inherit = "cloud.platform"

    @api.model
    def uninstall(self, location="db", dry_run=False):
        """Give the platform up and move every attachment to ``db`` or ``file``.

        The addons can be uninstalled afterwards. It can be repeated.

        :param dry_run: report the files that would be moved, and do nothing
        :return: the report of the move, a JSON-able dictionary
        """
        self._require_administrator()
        if self._filestore_kinds().get(location, ("", ""))[1] != "local":
            raise UserError(
                _("Attachments cannot be moved to “%s”: use “db” or “file”.", location)
            )
        report = {"location": location, "dry_run": dry_run}
        attachments = self.env["ir.attachment"].sudo()
        if dry_run:
            attachments = attachments.with_context(storage_location=location)
            return {**report, "attachments": attachments._plan_move()}
        parameters = self.env["ir.config_parameter"].sudo()
        # no rule of the platform's environment demands its store any more
        parameters.set_param(KIND_PARAMETER, False)
        parameters.set_param(LOCATION_PARAMETER, location)
        admission.forget(self.env.cr.dbname)
        # its first commit has every server write to the new place
        return {**report, "attachments": attachments.force_storage()}
