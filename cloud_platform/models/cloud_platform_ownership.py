"""The commands by which an operator decides which database owns the stored files.

::

    install()           this database is the owner, unless it is an undeclared copy
    fork()              this copy becomes independent and gets its own keys
    adopt()             this copy replaces its original, which no longer exists

See ``base_attachment_object_storage/ownership/owner.py`` for the rules.
"""

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.base_attachment_object_storage.garbage.marks import count_marks_on_objects
from odoo.addons.base_attachment_object_storage.ownership.owner import PARAMETER, Owner
from odoo.addons.cloud_base.exceptions import ConfigurationError


class CloudPlatform(models.AbstractModel):
    """The ownership of the stored files."""

    _inherit = "cloud.platform"

    @api.model
    def fork(self, kind=None, dry_run=False):
        """Make this copy of a database independent; call ``install()`` afterwards.

        Its new files get new keys. It reads the files of its original, which are never deleted
        by this database.

        :param dry_run: report the owner that the database would have, and change nothing
        :return: a JSON-able dictionary with the present owner and the new one
        """
        report = self._decide_owner("_fork_store", kind, dry_run)
        if dry_run:
            report["new_owner"]["prefix"] = "a new one"
            report["forgotten_marks"] = count_marks_on_objects(self.env.cr)
        return report

    @api.model
    def adopt(self, kind=None, dry_run=False):
        """Make this copy of a database the owner of the files of its original, which is gone.

        :param dry_run: report the owner that the database would have, and change nothing
        :return: a JSON-able dictionary with the present owner and the new one
        """
        return self._decide_owner("_adopt_store", kind, dry_run)

    @api.model
    def _decide_owner(self, decision, kind, dry_run):
        self._require_administrator()
        kind = kind or self._kind_to_install()
        filestore = self._config_by_server_env(kind, self._get_running_env()).filestore
        if filestore.location != "remote":
            raise UserError(
                _(
                    "In this environment attachments are in “%s”: there is nothing to own.",
                    filestore.name,
                )
            )
        # a copy with the settings of another environment must not begin to write there
        self._require_right_storage(kind, filestore)
        report = {**self._status_of_ownership(filestore.name), "dry_run": dry_run}
        if dry_run:
            report["new_owner"] = dict(report["present"])
        else:
            self._prepare_filestore(filestore)
            decide = getattr(self.env["ir.attachment"].sudo(), decision)
            report["new_owner"] = decide(filestore.name)
        return report

    # --- what install() asks

    @api.model
    def _require_claimable(self, filestore):
        if filestore.location == "remote":
            self.env["ir.attachment"].sudo()._require_claimable_store(filestore.name)

    @api.model
    def _claim(self, filestore):
        attachments = self.env["ir.attachment"].sudo()
        if attachments._attachment_storage_settings().disabled:
            return None  # another time; until then nothing is written to the store either
        return attachments._claim_store(filestore.name)

    @api.model
    def _planned_owner(self, filestore):
        """Return the record that this database will have, as text."""
        present = filestore.location == "remote" and self._present_owner(filestore.name)
        return str(present or self._owner_record() or "")

    @api.model
    def _status_of_ownership(self, scheme=None):
        owner = self._owner_record()
        scheme = scheme or (owner.scheme if owner else self.env["ir.attachment"]._storage())
        present = self._present_owner(scheme)
        standing = self.env["ir.attachment"].sudo()._store_standing(scheme) if present else None
        return {
            "standing": standing.value if standing else "none",
            "owner": owner.as_dict() if owner else None,
            "present": present.as_dict() if present else None,
        }

    @api.model
    def _owner_record(self):
        return Owner.parse(self.env["ir.config_parameter"].sudo().get_param(PARAMETER))

    @api.model
    def _present_owner(self, scheme):
        """Return this database as an owner in a store; None without a store or container."""
        attachments = self.env["ir.attachment"].sudo()
        if scheme not in attachments._get_stores():
            return None
        try:
            return attachments._present_owner(scheme)
        except ConfigurationError:  # without a container; the checks say so
            return None
