"""Addons of ``--load``: which they are, and that each has its ``post_load`` called.

Odoo calls no ``post_load`` of an addon that was imported before it is loaded. And 17.0 and 18.0
import every addon that has a folder ``cli`` (and what these import) as soon as a sub-command is
named, ``odoo server`` and ``odoo shell`` too, before any option is read. So::

    @server_wide
    def post_load() -> None:

has it called when Odoo calls it, or else when all addons of ``--load`` are loaded; once.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from odoo.service import server
from odoo.tools import config

_logger = logging.getLogger(__name__)

PostLoad = Callable[[], None]

_post_loads: dict[str, PostLoad] = {}


def server_wide(post_load: PostLoad) -> PostLoad:
    """Return a ``post_load`` that is called once, also where Odoo would not call it."""
    _wrap_loading()
    called_once = functools.cache(post_load)
    _post_loads[addon_of(post_load.__module__)] = called_once
    return called_once


def server_wide_modules() -> list[str]:
    """Return the addons of ``--load``: core keeps a text on 17.0 and 18.0, a list on 19.0."""
    modules: Any = config.get("server_wide_modules") or []
    names = modules.split(",") if isinstance(modules, str) else modules
    return [name.strip() for name in names]


def databases_of_start() -> list[str]:
    """Return the databases of ``-d``: core keeps a text on 17.0 and 18.0, a list on 19.0."""
    names: Any = config["db_name"] or []
    return names.split(",") if isinstance(names, str) else list(names)


def addon_of(module: str) -> str:
    """Return the addon of a module, as ``odoo.addons.ADDON.hooks``."""
    return module.split(".")[2]


@functools.cache
def _wrap_loading() -> None:
    load = server.load_server_wide_modules

    @functools.wraps(load)
    def load_all() -> None:
        load()
        for name in server_wide_modules():
            if name in _post_loads:
                _call(name)

    server.load_server_wide_modules = load_all


def _call(name: str) -> None:
    try:
        _post_loads[name]()
    except Exception:  # as core does with an addon that it loads
        _logger.exception("post_load of %s failed", name)
