"""The hook that replaces Odoo's session store at the start of a server.

``post_load`` is called when Odoo imports the addon: at the start for an addon of ``--load``,
or much later, when a database that has it installed is loaded. By then some processes have
served requests with sessions from files. So the store is only replaced at the start.

Wrong settings leave core's store in place here, so that a shell can start; ``before_serving``
then ends a server. Settings that Redis refuses are found just before a server serves.
"""

import logging
import os
from functools import partial

from odoo import http
from odoo.tools import config

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.problem import Problem, problem_of
from odoo.addons.cloud_base.startup.checks import before_serving, reachable_before_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide, server_wide_modules

from .outage_log import shorten_outages
from .settings import RedisSettings
from .startup import conflicting_addons

_logger = logging.getLogger(__name__)

ADDON = __name__.split(".")[-2]


@server_wide
def post_load() -> None:
    """Keep the sessions in Redis from now on, if the environment says so."""
    if ADDON not in server_wide_modules():
        _complain_when_late()
        return
    before_serving(problems)
    if not problems():
        settings = RedisSettings.read()
        if settings.enabled:
            for sentence in settings.passed_over():
                _logger.warning("%s", sentence)
            reachable_before_serving(conflicting_addons.check_databases)
            reachable_before_serving(partial(check_server, settings))
            use_redis(settings)
            shorten_outages()


def problems() -> list[Problem]:
    """Return the problems that keep the sessions from being in Redis."""
    found = RedisSettings.problems()
    if not found and RedisSettings.read().enabled:
        try:
            import redis  # noqa: F401
        except ImportError as error:
            text = f"the Python package redis is needed ({error})"
            found.append(Problem("REDIS.E002", "ODOO_SESSION_REDIS", text))
        found += [problem_of(text, "REDIS.E003") for text in conflicting_addons.of_server()]
    return found


def check_server(settings: RedisSettings, serving: bool) -> None:
    """Check that Redis keeps sessions, see ``startup_check.check``."""
    from .startup.startup_check import check

    check(settings, serving)


def use_redis(settings: RedisSettings) -> None:
    """Replace the session store of core's application."""
    from .login_failures import share_login_failures
    from .session_store.store import RedisSessionStore

    # not config.session_dir, which makes the folder
    path = os.path.join(config["data_dir"], "sessions")
    store = RedisSessionStore(settings, path)
    http.Application.session_store = store
    # core's property keeps the store that it has made on the application
    vars(http.root).pop("session_store", None)
    share_login_failures(store)


def _complain_when_late() -> None:
    try:
        enabled = RedisSettings.read().enabled
    except ConfigurationError:
        enabled = True
    if enabled:
        _logger.error(
            "ODOO_SESSION_REDIS is set, but %s is not in --load: sessions stay in files", ADDON
        )


def is_active() -> bool:
    """Return True if the sessions of this process are in Redis."""
    store = vars(http.Application).get("session_store")
    if not isinstance(store, http.FilesystemSessionStore):
        return False  # the property of core

    from .session_store.store import RedisSessionStore

    return isinstance(store, RedisSessionStore)
