"""Requirements of a sub-command: services that answer, and an Odoo environment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.cloud_base.exceptions import UnreachableError

from ..checks import Report
from ..postgresql import require, require_addon
from ..probes import ask_all
from ..settings import PlatformSettings


def require_services(database: str | None, report: Report) -> None:
    """Raise an error if a service that the checks need does not answer.

    :param report: of the environment; Redis is asked where nothing is wrong with it
    """
    # late: session_redis must be imported by Odoo first, for its post_load to be called
    from odoo.addons.session_redis import hooks
    from odoo.addons.session_redis.settings import RedisSettings

    if database:
        _require_in_time(database)
        require_addon(database)
    if report.ok and hooks.is_active() and PlatformSettings.read().probes:
        hooks.check_server(RedisSettings.read(), serving=False)


def _require_in_time(database: str) -> None:
    """Raise ``UnreachableError`` also where PostgreSQL accepts a connection and is silent."""
    seconds = PlatformSettings.probe_seconds()
    [answer] = ask_all({"postgresql": partial(require, database)}, seconds, of=database).values()
    if not answer.in_time:
        raise UnreachableError(f"PostgreSQL does not answer for the database {database} in time")
    if answer.error:
        raise answer.error


@contextmanager
def environment_of_command(database: str) -> Iterator[Any]:
    """Give an environment of a database that has the platform.

    :raises UnreachableError: where PostgreSQL does not answer
    :raises ConfigurationError: where the database or its addon is missing
    """
    _require_in_time(database)
    require_addon(database)
    with closing(Registry(database).cursor()) as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        yield env
        # servers that run have parameters in their caches
        env.registry.signal_changes()
