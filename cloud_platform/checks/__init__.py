"""What a right configuration is, as data: plain Python without the ORM.

::

    inputs.py        what is known: the variables, the --load, the database by plain SQL
    report.py        a check, what it finds, and the report of a run
    registry.py     the checks that are installed, and running them all
    environment.py, sessions.py, database.py        the platform's own checks
    storage.py      those of a remote store, made for each kind of platform

An addon that depends on ``cloud_platform`` adds checks in a module ``checks.py`` (or a
package ``checks``) of its own, which calls ``register``. It is imported wherever a database
has the addon installed, also before any registry is loaded.
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
