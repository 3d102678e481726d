"""Every check on one database: for the readiness of a server, and for the command line.

::

    PostgreSQL, the database and its addon      postgresql.py
    is the database updated?                    by SQL: its registry might not be loaded
    everything else                             cloud.platform.check(), with its probes
"""

from contextlib import closing

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from ..postgresql import require, require_addon
from .registry import run_for_database
from .report import Report

NOT_UPDATED = "not-updated"


def report_of_database(name: str, probe_writes: bool) -> Report:
    """Return the report of a database, whose registry is loaded for it.

    :raises UnreachableError: if PostgreSQL does not answer, or accepts no writes
    :raises ConfigurationError: if the database or its addon is missing
    """
    require(name)
    require_addon(name)
    report = run_for_database(name)
    if report.findings_of(NOT_UPDATED):
        return report
    with closing(Registry(name).cursor()) as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        checked: Report = env["cloud.platform"].check(probe=True, probe_writes=probe_writes)
    return report + checked
