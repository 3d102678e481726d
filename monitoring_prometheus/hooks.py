"""The start of a server: it begins to count, and ``/metrics`` is answered.

``post_load`` only registers ``start()``, which runs when a server starts to serve: a shell or an
update counts nothing. ``start()`` runs before any process is forked. It subscribes to events,
starts the exporter, and answers ``/metrics`` in place of Odoo: a scrape needs no database, makes
no session and is not counted. The gevent process, which starts separately, only counts.
"""

from typing import Any

from odoo import evented, release

from odoo.addons.cloud_base.events import http_requests
from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.startup.checks import before_serving, when_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide

from .metrics import BUILD
from .settings import PrometheusSettings


@server_wide
def post_load() -> None:
    """Register the check and the start of a server with this addon in ``--load``."""
    before_serving(problems)
    when_serving(start)


def problems() -> list[Problem]:
    """Return the problems that keep the server from counting."""
    found = PrometheusSettings.problems()
    if not found and PrometheusSettings.read().enabled:
        try:
            import prometheus_client  # noqa: F401
        except ImportError as error:
            text = f"the Python package prometheus_client is needed ({error})"
            found.append(Problem("PROMETHEUS.E002", "ODOO_PROMETHEUS", text))
    return found


def start(server: Any) -> None:
    """Count from now on, in this process and the processes that it forks."""
    settings = PrometheusSettings.read()
    if not settings.enabled:
        return
    from . import workers
    from .process_registry import ProcessValues
    from .recorder import Recorder

    values = ProcessValues(settings.values_directory)
    kind = kind_of(server)
    Recorder(values, settings.ignored_routes, kind).subscribe()
    if kind == "http":
        workers.observe_workers(values)
    else:
        workers.announce(values, kind)
    if kind != "websocket":
        serve_metrics(kind, settings)


def kind_of(server: Any) -> str:
    """Return the kind of the processes that serve requests: websocket, http or threaded."""
    if evented:
        return "websocket"
    return "http" if hasattr(server, "worker_spawn") else "threaded"


def serve_metrics(kind: str, settings: PrometheusSettings) -> None:
    """Start the exporter, and answer ``/metrics`` at Odoo's own port with its text."""
    from .exporter import PATH, Exporter, Relay
    from .families import single
    from .workers import spawn_exporter, start_exporter

    token = settings.token.get_secret_value() if settings.token else None
    directory = settings.values_directory
    build = single(BUILD, {(release.version, version()): 1.0})
    exporter = Exporter(directory, token, [build])
    address = (settings.address, settings.port) if settings.port else None
    if kind == "http":
        spawn_exporter(exporter, address)
    else:
        start_exporter(exporter, address)
    http_requests.mount(PATH, Relay(directory, token))


def version() -> str:
    """Return the version of the suite, without the series that core puts before it."""
    from odoo.modules.module import get_manifest

    return ".".join(get_manifest(__name__.split(".")[-2])["version"].split(".")[-3:])
