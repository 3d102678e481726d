"""Admission of requests and jobs: the cached reports of this process, and their consequences.

::

    before a socket is bound    hooks.py: errors of the environment and of the -d databases
                                end the process
    a registry is loaded        cloud.platform._register_hook() -> admit()
        for a -d database       errors end the process
        on demand               errors close the database: 503 and no cron jobs, in a server
                                that may serve others, until a later look finds it right
    each request, each job      is_closed(), from a cached report
    by choice                   ODOO_CLOUD_PLATFORM_DEGRADED: nothing is closed, the instance
                                is not ready and writes nothing to its store

Starts that do not serve (``odoo shell``, anthem, ``--stop-after-init``) only warn, because they
are used to repair a wrong database.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from odoo import http
from odoo.service import server
from odoo.tools import config

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.startup.checks import EXIT_CONFIGURATION

from .checks import Report
from .settings import PlatformSettings

_logger = logging.getLogger(__name__)

# the seconds after which a database with errors is checked again
LOOK_AGAIN_SECONDS = 10.0

_reports: dict[str, tuple[Report, float]] = {}
_lock = threading.Lock()
_in_job: ContextVar[bool] = ContextVar("in_job", default=False)


def admit(name: str, report: Report) -> None:
    """Take in the report of a registry that was loaded; end a server that starts with it."""
    _remember(name, report)
    ends = not report.ok and serves_at_start() and not is_degraded()
    if report.findings:
        _logger.log(logging.CRITICAL if ends else logging.WARNING, "%s", report)
    if ends:
        _logger.critical("The configuration is wrong, the server ends")
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


def serves_at_start() -> bool:
    """Return True while a server that will serve is preloading the databases of its ``-d``.

    The call stack shows it: neither ``odoo shell`` nor a request loads a registry from there.
    """
    if config["stop_after_init"]:
        return False
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is server.preload_registries.__code__:
            return True
        frame = frame.f_back
    return False


def _remember(name: str, report: Report) -> None:
    _reports[name] = (report, time.monotonic())
