"""Requirements of a sub-command: services that answer, and an Odoo environment."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from odoo.addons.cloud_base.exceptions import UnreachableError

from ..checks import Report
from ..postgresql import require, require_addon
from ..settings import PlatformSettings


def require_services(database: str | None, report: Report) -> None:
    """Raise an error if a service that the checks need does not answer.

    :param report: of the environment; Redis is asked where nothing is wrong with it
    """
    # late: session_redis must be imported by Odoo first, for its post_load to be called
    from odoo.addons.session_redis import hooks
    from odoo.addons.session_redis.settings import RedisSettings
    from odoo.addons.session_redis.startup import probe

    if database:
        require(database)
        require_addon(database)
    asks_redis = report.ok and hooks.is_active() and PlatformSettings.read().probes
    if asks_redis and (problem := probe.problem(RedisSettings.read())):
        raise UnreachableError(f"Redis: {problem}")


@contextmanager
def environment_of_command(database: str) -> Iterator[Any]:
    """Give an environment of a database that has the platform.

    :raises UnreachableError: where PostgreSQL does not answer
    :raises ConfigurationError: where the database or its addon is missing
    """
    require(database)
    require_addon(database)
    with closing(Registry(database).cursor()) as cursor:
        env = api.Environment(cursor, SUPERUSER_ID, {})
        yield env
        # servers that run have parameters in their caches
        env.registry.signal_changes()
