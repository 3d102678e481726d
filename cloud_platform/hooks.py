"""The hook of a server with the addon in ``--load``, called before a database is loaded."""

import logging
from dataclasses import replace

from odoo.tools import config

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.startup.checks import before_serving, reachable_before_serving
from odoo.addons.cloud_base.startup.server_wide import (
    databases_of_start,
    server_wide,
    server_wide_modules,
)

from . import admission
from .checks import Report, registry
from .postgresql import MAINTENANCE, require

_logger = logging.getLogger(__name__)

ADDON = __name__.split(".")[-2]


@server_wide
def post_load() -> None:
    """Register the checks that a server must pass before it serves."""
    if ADDON in server_wide_modules():
        before_serving(problems)
        reachable_before_serving(ask_postgresql)
        reachable_before_serving(ask_stores)


def problems() -> list[Problem]:
    """Return the problems that keep a server from serving; warnings go to the log."""
    return _errors(registry.run() + _report_of_databases())


def ask_postgresql(serving: bool) -> None:
    """Ask PostgreSQL for what requests need of it.

    :raises UnreachableError: where it does not answer, or is read only
    :raises ConfigurationError: where it refuses
    """
    if serving and not admission.is_degraded():
        for name in databases_of_start() or [MAINTENANCE]:
            require(name)


def ask_stores(serving: bool) -> None:
    """Read from and write to the stores of the databases.

    A store that does not answer is a warning, so that a server can restart during its outage.

    :raises ConfigurationError: where one refuses
    """
    if not serving:
        return
    known = _report_of_databases().findings
    report = _report_of_databases(probe=True, probe_writes=True)
    told = tuple(finding for finding in report.findings if finding not in known)
    if found := _errors(replace(report, findings=told)):
        raise ConfigurationError(found)


def _report_of_databases(**how: bool) -> Report:
    """Check every database of ``-d``, unless they are about to be updated."""
    report = Report(registry.running_environment())
    if not config["init"] and not config["update"]:
        for name in databases_of_start():
            report += registry.run_for_database(name, **how)
    return report


def _errors(report: Report) -> list[Problem]:
    if report.warnings:
        warnings = "\n".join(f"  - {finding}" for finding in report.warnings)
        _logger.warning("Cloud platform:\n%s", warnings)
    if report.errors and admission.is_degraded():
        _logger.critical("The server is degraded: %s", report)
        return []
    return [finding.problem for finding in report.errors]
