"""Admission of requests and jobs: the cached reports of this process, and their consequences.

::

    before a socket is bound    hooks.py: errors of the environment and of the -d databases
                                end the process
    a registry is loaded        cloud.platform._register_hook() -> admit()
        for a -d database       errors end the process, once all of them are loaded
        on demand               errors close the database: 503 and no cron jobs, in a server
                                that may serve others, until a later look finds it right
    each request, each job      is_closed(), from a cached report
    by choice                   ODOO_CLOUD_PLATFORM_DEGRADED: nothing is closed, the instance
                                is not ready and writes nothing to its store

Starts that do not serve (``odoo shell``, anthem, ``--stop-after-init``) only warn, because they
are used to repair a wrong database.
"""

import functools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from odoo import http
from odoo.tools import config

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.startup.checks import EXIT_CONFIGURATION
from odoo.addons.cloud_base.startup.first_spawn import before_first_spawn
from odoo.addons.cloud_base.startup.server_wide import databases_of_start

from .checks import Report
from .settings import PlatformSettings

_logger = logging.getLogger(__name__)

# the seconds after which a database with errors is checked again
LOOK_AGAIN_SECONDS = 10.0

_reports: dict[str, tuple[Report, float]] = {}
_lock = threading.Lock()
_in_job: ContextVar[bool] = ContextVar("in_job", default=False)


def admit(name: str, report: Report) -> None:
    """Store the report of a registry that was loaded; a server that starts with it may end."""
    _remember(name, report)
    if report.findings:
        _logger.warning("%s", report)
    _end_wrong_start()


@functools.cache
def _end_wrong_start() -> None:
    # here and not in post_load, which is not called where the addon is not in --load
    before_first_spawn(end_wrong_start)


def end_wrong_start() -> None:
    """End a server that has loaded a database of ``-d`` with errors.

    :raises SystemExit: with the status of a wrong configuration
    """
    reports = {name: known_report(name) for name in databases_of_start()}
    wrong = [name for name, report in reports.items() if report and not report.ok]
    if wrong and not is_degraded():
        _logger.critical("The configuration is wrong, the server ends: %s", ", ".join(wrong))
        raise SystemExit(EXIT_CONFIGURATION)


def report_of(env: Any) -> Report:
    """Return the report of a database; a bad one is a few seconds old at most."""
    name = env.cr.dbname
    report, time_made = _reports.get(name, (None, 0.0))
    if report and (report.ok or time.monotonic() < time_made + LOOK_AGAIN_SECONDS):
        return report
    with _lock:
        # another thread may have made or removed a report in between
        report, time_now = _reports.get(name, (None, 0.0))
        if report is None or time_now == time_made:
            report = env["cloud.platform"].sudo().check()
            _remember(name, report)
        return report


def known_report(name: str) -> Report | None:
    """Return the report that this process has of a database, without a new look."""
    return _reports.get(name, (None, 0.0))[0]


def is_closed(env: Any) -> bool:
    """Return True if requests and jobs of a database are refused in this process."""
    if config["test_enable"]:
        return False
    return not report_of(env).ok and not is_degraded()


def stops_writes(name: str) -> bool:
    """Return True if a request or job must not write to the store: the server is degraded.

    A shell may write, because it is used for repairs.
    """
    report, _time = _reports.get(name, (None, 0.0))
    if report is None or report.ok or not is_degraded():
        return False
    return bool(http.request) or _in_job.get()


@contextmanager
def job() -> Iterator[None]:
    """Enclose a cron job."""
    token = _in_job.set(True)
    try:
        yield
    finally:
        _in_job.reset(token)


def forget(name: str) -> None:
    """Remove the report of a database, so that the next request or job checks it again."""
    _reports.pop(name, None)


def is_degraded() -> bool:
    """Return True if a server with errors must stay up."""
    try:
        return PlatformSettings.read().degraded
    except ConfigurationError:
        return False


def _remember(name: str, report: Report) -> None:
    _reports[name] = (report, time.monotonic())
