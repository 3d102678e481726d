"""Every check on one database: for the readiness of a server, and for the command line.

::

    an outdated database    the checks by SQL alone: its registry might not load
    any other database      cloud.platform.check(), with its probes
"""

from contextlib import closing

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry

from .registry import run_for_database
from .report import Report
from .versions import outdated_addons


def report_of_database(name: str, probe_writes: bool) -> Report:
    """Return the report of a database that has the platform's addon; its registry is loaded."""
    with closing(sql_db.db_connect(name).cursor()) as cursor:
        is_outdated = any(outdated_addons(cursor))
    if is_outdated:
        return run_for_database(name)
    with closing(Registry(name).cursor()) as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        report: Report = env["cloud.platform"].check(probe=True, probe_writes=probe_writes)
    return report
