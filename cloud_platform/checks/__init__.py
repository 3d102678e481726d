"""The checks of the configuration, as data: plain Python without the ORM.

::

    inputs.py       the inputs: the variables, the --load, the database by plain SQL
    report.py       a check, its findings, and the report of a run
    registry.py     the installed checks, and a function that runs all of them
    environment.py, sessions.py, database.py        the platform's own checks
    storage.py      the checks of a remote store, made for each kind of platform

An addon that depends on ``cloud_platform`` adds checks in a module ``checks.py`` (or a
package ``checks``) that calls ``register``. It is imported for each database that has the addon
installed, also before any registry is loaded.
"""

from .inputs import ENVIRONMENTS, Database, Facts, environment_of
from .registry import register, run, run_for_database
from .report import ERROR, WARNING, Check, Finding, Report

__all__ = [
    "ENVIRONMENTS",
    "ERROR",
    "WARNING",
    "Check",
    "Database",
    "Facts",
    "Finding",
    "Report",
    "environment_of",
    "register",
    "run",
    "run_for_database",
]
