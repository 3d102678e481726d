"""Actions of a serving start after its databases are loaded, before it spawns anything.

Odoo loads the databases of ``-d`` and then calls ``cron_spawn`` of a threaded server, or
``process_spawn`` of a prefork server. A start that ends automatically (``odoo shell``,
``--stop-after-init``) calls neither. Both are looked up when they are called, so an addon that
is imported with a database of ``-d`` can still register an action.
"""

import functools
from collections.abc import Callable
from typing import Any

from odoo.service import server

Action = Callable[[], None]

_actions: list[Action] = []


def before_first_spawn(action: Action) -> None:
    """Call ``action()`` once, before the server spawns its first thread or process for jobs."""
    _wrap_servers()
    _actions.append(action)


@functools.cache
def _wrap_servers() -> None:
    server.ThreadedServer.cron_spawn = _acting(server.ThreadedServer.cron_spawn)
    server.PreforkServer.process_spawn = _acting(server.PreforkServer.process_spawn)


def _acting(spawn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(spawn)
    def act_and_spawn(self: Any) -> Any:
        while _actions:
            _actions.pop(0)()
        return spawn(self)

    return act_and_spawn
