"""The readiness of this process, for the readiness endpoint.

Each part is asked within the time of one probe, all at the same time, and the answer stands
for a few seconds: a crowd of probes asks no more than one.
"""

import importlib
import threading
import time
from collections.abc import Callable
from functools import partial

from odoo import http
from odoo.modules.registry import Registry

from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError
from odoo.addons.cloud_base.startup.server_wide import databases_of_start

from .checks.complete import report_of_database
from .postgresql import MAINTENANCE, has_addon, require
from .probes import ask_all
from .settings import PlatformSettings

STANDS_SECONDS = 3.0
# writing is tried less often than reading: stores charge for it
WRITES_STAND_SECONDS = 30.0
PROBES = ("store-refuses", "store-unavailable")

_lock = threading.Lock()
_last: tuple[float, dict[str, str]] = (0.0, {})
_written: dict[str, float] = {}  # when the store of a database has taken a probe


def readiness() -> dict[str, str]:
    """Return each part with its problem, which is empty where all is well."""
    global _last
    with _lock:
        time_made, answers = _last
        if not answers or time.monotonic() > time_made + STANDS_SECONDS:
            answers = _ask(_parts())
            _last = (time.monotonic(), answers)
        return answers


def _parts() -> dict[str, Callable[[], str]]:
    parts: dict[str, Callable[[], str]] = {"sessions": _problem_of_sessions}
    names = databases_of_start()
    for name in names:
        parts[f"database {name}"] = partial(_problem_of_database, name)
    if not names:
        parts["postgresql"] = partial(_problem_of_postgresql, MAINTENANCE)
    return parts


def _ask(parts: dict[str, Callable[[], str]]) -> dict[str, str]:
    problems = {}
    for name, answer in ask_all(parts, PlatformSettings.probe_seconds()).items():
        if not answer.in_time:
            problems[name] = "no answer in time"
        elif answer.error:
            problems[name] = type(answer.error).__name__
        else:
            problems[name] = answer.value
    return problems


def _problem_of_sessions() -> str:
    store = http.root.session_store
    connection = getattr(store, "connection", None)
    if connection is None:
        return ""  # core's own store, in files
    # a late import, like the store's own; the probe has separate connections
    probe = importlib.import_module("odoo.addons.session_redis.startup.probe")
    return str(probe.problem(connection.settings))


def _problem_of_postgresql(name: str) -> str:
    try:
        require(name)
    except (ConfigurationError, UnreachableError) as error:
        return str(error)
    return ""


def _problem_of_database(name: str) -> str:
    writes = time.monotonic() > _written.get(name, -WRITES_STAND_SECONDS) + WRITES_STAND_SECONDS
    try:
        require(name)
        if not has_addon(name):  # server-wide alone: sessions and PostgreSQL are all it needs
            Registry(name)  # ready means loaded
            return ""
        report = report_of_database(name, probe_writes=writes)
    except (ConfigurationError, UnreachableError) as error:
        return str(error)
    if writes and not report.findings_of(*PROBES):
        _written[name] = time.monotonic()
    wrong = [*report.errors, *(f for f in report.findings if f.id == "store-unavailable")]
    return "; ".join(str(finding) for finding in wrong)
