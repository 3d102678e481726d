"""The platform: which store an environment uses, the one call that sets it up, its checks.

::

    install() ── _install(kind) ── _config_by_server_env    the store of the environment
                              ├─── _require_right_storage   refuses what would not start
                              ├─── _prepare_filestore       the only place that makes a bucket
                              ├─── _claim_store             whose are the files in it?
                              └─── force_storage()          moves the attachments

A platform addon adds its kind to ``_platform_kinds`` and ``_filestore_kinds``, says in
``_config_by_server_env_for_<kind>`` which environment uses what, and has its checks in a
module ``checks``.
"""

import logging
from collections import namedtuple
from dataclasses import replace

from odoo import _, api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.base_attachment_object_storage.ownership.owner import PARAMETER as OWNER_PARAMETER

from .. import admission
from ..checks import ENVIRONMENTS, ERROR, Finding, Report, environment_of, registry
from ..checks.inputs import KIND_PARAMETER, LOCATION_PARAMETER, read_database
from ..checks.stored_files import unreadable_schemes

_logger = logging.getLogger(__name__)

FilestoreKind = namedtuple("FilestoreKind", "name location")  # location: remote, local
PlatformConfig = namedtuple("PlatformConfig", "filestore")


class CloudPlatform(models.AbstractModel):
    """The installation and the checks of the platform in a database."""

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
        name = registry.running_environment()
        environment = environment_of(name)
        if not environment:
            raise UserError(
                _(
                    "The running environment '%(name)s' is unknown:"
                    " RUNNING_ENV must be %(known)s.",
                    name=name,
                    known=", ".join(ENVIRONMENTS),
                )
            )
        return environment

    # --- checks

    def _register_hook(self):
        super()._register_hook()
        admission.admit(self.env.cr.dbname, self.sudo().check())

    @api.model
    def check(self, probe=False, probe_writes=False):
        """Run every check on this database; returns a ``Report`` and raises nothing.

        :param probe: ask the store as well
        :param probe_writes: and whether it accepts writes
        """
        self._require_administrator()
        database = self._read_database()
        return registry.run(database, probe, probe_writes) + self._check_by_hooks(database)

    @api.model
    def _read_database(self, may_query_files=True):
        """Return the facts of this database, with those that need its registry.

        :param may_query_files: False reads no row of the attachments
        """
        parameters = self.env["ir.config_parameter"].sudo()
        database = read_database(self.env.cr, self.env.cr.dbname)
        known = self.env["ir.attachment"]._storage_locations()
        # never None in a database with this addon
        return replace(  # type: ignore[type-var]
            database,
            choices=parameters._system_parameter_choices(),
            unreadable=unreadable_schemes(self.env.cr, known, may_query_files),
        )

    @api.model
    def _check_by_hooks(self, database):
        environment = environment_of(registry.running_environment())
        if not database.kind or registry.is_unsafe():
            return Report(environment)
        findings = []
        for name in ("_check_filestore", "_check_redis"):
            try:
                getattr(self, name)(environment)
            except (AssertionError, UserError) as error:
                findings.append(Finding(name, ERROR, str(error), database=database.name))
        return Report(environment, tuple(findings))

    @api.model
    def _check_filestore(self, environment_name):
        """Raise ``UserError`` where the store is wrong: for addons that override it."""

    @api.model
    def _check_redis(self, environment_name):
        """Raise ``UserError`` where the sessions are wrong: for addons that override it."""

    # --- install

    @api.model
    def install(self, kind=None, dry_run=False):
        """Set the platform up for the running environment, and move files that are elsewhere.

        It can be repeated: files in the right place are not moved, and an interrupted move is
        continued.

        :param kind: the platform, where several are installed and none was chosen before
        :param dry_run: say what would be done, and do nothing
        :return: the report of the installation, a JSON-able dictionary
        """
        self._require_administrator()
        platform = self.with_context(cloud_platform_dry_run=dry_run)
        # an addon that overrides it may return None
        return platform._install(kind or self._kind_to_install()) or {}

    @api.model
    def _kind_to_install(self):
        kinds = self._platform_kinds()
        known = self.env["ir.config_parameter"].sudo().get_param(KIND_PARAMETER)
        known = self._former_kinds().get(known, known)
        if known in kinds:
            return known
        if len(kinds) != 1:
            raise UserError(self._explain_kinds(kinds))
        return kinds[0]

    @api.model
    def _former_kinds(self):
        """Return the present name for each kind that older databases have."""
        return {}

    @api.model
    def _explain_kinds(self, kinds):
        if not kinds:
            return _(
                "No platform is installed: install cloud_platform_s3 or another platform addon."
            )
        return _(
            "Several platforms are installed: %(kinds)s. "
            "Choose one of them, for example install('%(kind)s').",
            kinds=", ".join(kinds),
            kind=kinds[0],
        )

    @api.model
    def _install(self, platform_kind):
        """Set the platform up; the context has what ``install()`` was asked for beyond it.

        ``cloud_platform_dry_run`` changes nothing; ``cloud_platform_background`` starts the
        move of the attachments, and does not wait for it.
        """
        if platform_kind not in self._platform_kinds():
            raise UserError(_("The kind of platform '%s' is not installed.", platform_kind))
        environment = self._get_running_env()
        filestore = self._config_by_server_env(platform_kind, environment).filestore
        findings = self._require_right_storage(platform_kind, filestore)
        self._require_claimable(filestore)
        report = {
            "kind": platform_kind,
            "environment": environment,
            "location": filestore.name,
            "dry_run": bool(self.env.context.get("cloud_platform_dry_run")),
            "findings": [str(finding) for finding in findings],
        }
        attachments = self.env["ir.attachment"].sudo()
        if report["dry_run"]:
            attachments = attachments.with_context(storage_location=filestore.name)
            return {**report, "attachments": attachments._plan_move()}
        switched_off = attachments._attachment_storage_settings().disabled
        if filestore.location == "remote":
            if not switched_off:
                self._prepare_filestore(filestore)
            report["owner"] = self._claim(filestore)
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(KIND_PARAMETER, platform_kind)
        parameters.set_param(LOCATION_PARAMETER, filestore.name)
        # else a degraded server would move the files to the database, where it keeps new ones
        admission.forget(self.env.cr.dbname)
        if switched_off:  # every file stays where it is
            report["attachments"] = {"failed": [], "message": self._explain_switched_off()}
        elif self.env.context.get("cloud_platform_background"):
            report["attachments"] = self.start_move()
        else:
            report["attachments"] = attachments.force_storage()
        admission.forget(self.env.cr.dbname)
        _logger.info(
            "cloud platform configured for %s: environment %s, attachments in %s",
            *(platform_kind, environment, filestore.name),
        )
        return report

    @api.model
    def _explain_switched_off(self):
        return _(
            "The file storage is switched off by DISABLE_ATTACHMENT_STORAGE: no file was moved."
            " Unset the variable and install the platform again."
        )

    @api.model
    def _require_right_storage(self, platform_kind, filestore):
        """Return the findings that the checks will have once the platform is installed.

        :raises UserError: when attachments would go to a wrong place. Errors of the environment
            are only reported: the installation neither needs nor changes it.
        """
        database = self._read_database()
        chosen = {
            KIND_PARAMETER: platform_kind,
            LOCATION_PARAMETER: filestore.name,
            OWNER_PARAMETER: self._planned_owner(filestore),
        }
        planned = replace(database, parameters={**database.parameters, **chosen})
        report = registry.run(planned)
        # files of a storage whose addon is missing: installing it comes next
        refused = [finding for finding in report.errors if finding.id != "files-unreadable"]
        wrong = [finding for finding in refused if finding.database]
        if wrong:
            raise UserError("\n".join(map(str, wrong)))
        return report.findings

    @api.model
    def _require_administrator(self):
        if not self.env.is_system():
            raise AccessError(_("Only administrators can execute this action."))

    @api.model
    def _prepare_filestore(self, filestore):
        """Make a remote store ready to be written; this and no other code creates a bucket."""
