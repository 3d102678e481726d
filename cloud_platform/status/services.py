"""Probes of the services that a database uses, with the time that each has taken."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from odoo import http

from odoo.addons.base_attachment_object_storage.store import ObjectStore
from odoo.addons.base_attachment_object_storage.store.base import PROBE
from odoo.addons.cloud_base.startup.server_wide import addon_of, server_wide_modules

from ..postgresql import require
from ..probes import Answer
from .settings_in_force import groups

UP, DOWN, OFF = "up", "down", "off"


@dataclass(frozen=True)
class Service:
    """A service as the last probe found it; ``milliseconds`` is None if it was not asked."""

    name: str
    kind: str
    state: str
    milliseconds: float | None = None
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return asdict(self)


Probe = Callable[[], float]


def timed(work: Callable[[], Any]) -> float:
    """Call ``work``; return its duration in milliseconds."""
    began = time.perf_counter()
    work()
    return round(1000 * (time.perf_counter() - began), 1)


def probe_of_postgresql(database: str) -> Probe:
    """Return a probe that reads PostgreSQL on another connection."""
    return partial(timed, partial(require, database))


def probe_of_redis() -> Probe | None:
    """Return a probe of the Redis of the sessions; None if they are in files."""
    connection = getattr(http.root.session_store, "connection", None)
    if connection is None:
        return None
    return partial(timed, partial(connection.run, _ping))


def _ping(client: Any) -> Any:
    return client.ping()


def probe_of_store(store: ObjectStore) -> Probe:
    """Return a probe that lists a key of a store, which no attachment has."""
    return partial(timed, lambda: next(store.list(PROBE), None))


def service_of_answer(name: str, kind: str, answer: Answer, seconds: float) -> Service:
    """Return the state of a service by its answer to a probe."""
    if not answer.in_time:
        return Service(name, kind, DOWN, 1000 * seconds, "no answer in time")
    if answer.error:
        # texts of libraries may have addresses or parts of credentials
        return Service(name, kind, DOWN, None, type(answer.error).__name__)
    return Service(name, kind, UP, answer.value)


def logs() -> Service:
    """Return the form of the log of this process."""
    hooks = sys.modules.get("odoo.addons.logging_json.hooks")
    is_json = bool(hooks and hooks.is_active())
    return Service("JSON" if is_json else "text", "logs", UP if is_json else OFF)


METRICS = {"monitoring_prometheus": "Prometheus", "monitoring_statsd": "StatsD"}


def metrics() -> Service:
    """Return the metrics of this process: the addons of ``--load`` that are switched on."""
    loaded = server_wide_modules()
    active = {
        addon_of(group.__module__)
        for group in groups()
        if group.switch and group.is_on(group.given())
    }
    names = [label for addon, label in METRICS.items() if addon in loaded and addon in active]
    return Service(", ".join(names), "metrics", UP if names else OFF)
