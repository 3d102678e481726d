"""The start of a server: it begins to send metrics.

``post_load`` only registers ``start()``, which runs when a server starts to serve: a shell or an
update sends nothing. ``start()`` runs before any process is forked; each process sends its own
metrics.
"""

from typing import Any

from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.startup.checks import before_serving, when_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide

from .settings import StatsdSettings


@server_wide
def post_load() -> None:
    """Register the check and the start of a server with this addon in ``--load``."""
    before_serving(problems)
    when_serving(start)


def problems() -> list[Problem]:
    """Return the problems that keep the server from sending."""
    found = StatsdSettings.problems()
    if found or not StatsdSettings.read().enabled:
        return found
    try:
        import statsd  # noqa: F401
    except ImportError as error:
        text = f"the Python package statsd is needed ({error})"
        found.append(Problem("STATSD.E002", "ODOO_STATSD", text))
    try:
        name = StatsdSettings.read().environment_name
    except Exception as error:  # noqa: BLE001  # server_environment raises plain ones
        text = f"server_environment knows no environment ({error})"
        found.append(Problem("STATSD.E003", "STATSD_ENVIRONMENT", text))
    else:
        if not name.strip():
            text = "it is needed where RUNNING_ENV is empty"
            found.append(Problem("STATSD.E003", "STATSD_ENVIRONMENT", text))
    return found


def start(_server: Any) -> None:
    """Send metrics from now on, in this process and the processes that it forks."""
    settings = StatsdSettings.read()
    if not settings.enabled:
        return
    from .client import StatsdClient
    from .naming import Names
    from .recorder import Recorder

    names = Names(settings.customer, settings.environment_name, settings.tags is not None)
    Recorder(StatsdClient(settings), names, settings.ignored_routes).subscribe()
