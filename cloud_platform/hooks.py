"""What the addon does when a server loads it, before any database.

``watch_starts`` is called when the addon is imported and not as its ``post_load``: Odoo 17.0
and 18.0 import every addon with a sub-command as soon as any sub-command runs, and call no
``post_load`` afterwards. So the check itself asks whether the addon is in ``--load``.
"""

import logging

from odoo.tools import config

from odoo.addons.cloud_settings.hooks import before_serving

from . import gate
from .checks import Report, registry

_logger = logging.getLogger(__name__)

ADDON = __name__.split(".")[-2]


def watch_starts() -> None:
    """Have a server that is started with the addon in ``--load`` check everything first."""
    before_serving(mistakes)


def mistakes() -> list[str]:
    """Return what keeps a server from serving; warnings go to the log."""
    if ADDON not in registry.server_wide_modules():
        return []
    report = report_at_start()
    if report.warnings:
        warnings = "\n".join(f"  - {finding}" for finding in report.warnings)
        _logger.warning("Cloud platform:\n%s", warnings)
    if report.errors and gate.is_degraded():
        _logger.critical("The server is degraded: %s", report)
        return []
    return [_sentence(finding) for finding in report.errors]


def report_at_start() -> Report:
    """Check the environment, and every database of ``-d`` that is not about to be updated."""
    report = registry.run()
    if not config["init"] and not config["update"]:
        for name in databases_of_start():
            report += registry.run_for_database(name, probe=True, probe_writes=True)
    return report


def databases_of_start() -> list[str]:
    """Return the databases of ``-d``: a text on 17.0 and 18.0, a list on 19.0."""
    names = config["db_name"] or []
    return names.split(",") if isinstance(names, str) else list(names)


def _sentence(finding: object) -> str:
    # a wrong variable is named by its own addon in the same words
    return str(finding).removeprefix("settings error: ")
