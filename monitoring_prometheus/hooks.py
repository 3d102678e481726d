"""Where a server begins to count, and ``/metrics`` to answer.

``post_load`` leaves all of it to a serving start: a shell or an update counts nothing. Then,
before anything is forked, the server subscribes, has an exporter and puts ``/metrics`` before
core's application: so a scrape needs no database, makes no session, and is
not counted. The gevent process, which begins on its own, only counts.
"""

import functools
from collections.abc import Callable
from typing import Any

from odoo import evented, http, release

from odoo.addons.cloud_base.startup.checks import before_serving, when_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide

from .metrics import BUILD
from .settings import PrometheusSettings


@server_wide
def post_load() -> None:
    """Have a server that is started with ``--load=...,monitoring_prometheus`` count."""
    before_serving(mistakes)
    when_serving(start)


def mistakes() -> list[str]:
    """Return what keeps the server from counting, a sentence each."""
    found = PrometheusSettings.mistakes()
    if not found and PrometheusSettings.read().enabled:
        try:
            import prometheus_client  # noqa: F401
        except ImportError as error:
            found.append(
                f"ODOO_PROMETHEUS: the Python package prometheus_client is needed ({error})"
            )
    return found


def start(server: Any) -> None:
    """Count from now on, in this process and those that it forks."""
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
    """Return what serves requests in a server: its workers' kind, or its own."""
    if evented:
        return "websocket"
    return "http" if hasattr(server, "worker_spawn") else "threaded"


def serve_metrics(kind: str, settings: PrometheusSettings) -> None:
    """Start the exporter, and let Odoo's own port ask it."""
    from .exporter import Exporter, Relay
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
    mount(Relay(directory, token))


def mount(application: Callable[..., Any]) -> None:
    """Have a WSGI application answer ``/metrics`` at Odoo's port."""
    from .exporter import PATH

    call = http.Application.__call__

    @functools.wraps(call)
    def __call__(self: Any, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ.get("PATH_INFO") == PATH:
            return application(environ, start_response)
        return call(self, environ, start_response)

    http.Application.__call__ = __call__


def version() -> str:
    from odoo.modules.module import get_manifest

    # core puts the series before it
    return ".".join(get_manifest(__name__.split(".")[-2])["version"].split(".")[-3:])
