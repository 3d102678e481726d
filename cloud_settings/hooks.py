"""Checks that a server has to pass before it serves.

What: an addon that is loaded server-wide says, in its ``post_load``, how to find its
mistakes::

    before_serving(RedisSettings.mistakes)

and what it wants done by a server that passed, before anything is forked::

    when_serving(start)         # start(server)

How: the first call wraps ``run`` of Odoo's servers. A *serving start* asks every check,
logs all mistakes in one block and ends the process with ``EXIT_CONFIGURATION`` before a
socket is bound. A start that stops by itself (``odoo shell``, ``--stop-after-init``,
anthem) logs the same block as a warning and goes on, so that a wrong instance can
always be repaired.

Why not raise in ``post_load``: Odoo swallows every exception there, and a
``SystemExit`` there would end ``odoo shell`` as well.
"""

import functools
import logging
import os
from collections.abc import Callable, Iterable
from typing import Any

from odoo.service import server

_logger = logging.getLogger(__name__)

Check = Callable[[], Iterable[str]]
Action = Callable[[Any], None]

# as sysexits.h has it: the operator's configuration is wrong, a restart will not help
EXIT_CONFIGURATION = os.EX_CONFIG

_checks: list[Check] = []
_actions: list[Action] = []


def before_serving(check: Check) -> None:
    """Have ``check`` asked at a serving start; it returns a sentence for each mistake."""
    _wrap_servers()
    _checks.append(check)


def when_serving(action: Action) -> None:
    """Have ``action(server)`` called at a serving start, once every check has passed.

    One that raises is logged; the server serves without it.
    """
    _wrap_servers()
    _actions.append(action)


@functools.cache
def _wrap_servers() -> None:
    for server_class in (server.ThreadedServer, server.PreforkServer, server.GeventServer):
        server_class.run = _checked(server_class.run)


def _checked(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def checked_run(self: Any, preload: Any = None, stop: bool = False) -> Any:
        mistakes = list(dict.fromkeys(mistake for check in _checks for mistake in check()))
        if mistakes:
            block = "\n".join(f"  - {mistake}" for mistake in mistakes)
            if not stop:
                _logger.critical("The configuration is wrong, the server ends:\n%s", block)
                raise SystemExit(EXIT_CONFIGURATION)
            _logger.warning("The configuration is wrong, a server would not start:\n%s", block)
        if not stop:
            _act(self)
        return run(self, preload, stop)

    return checked_run


def _act(started: Any) -> None:
    for action in _actions:
        try:
            action(started)
        except Exception:  # what only watches must not keep a server from serving
            _logger.exception("%r failed, the server starts without it", action)
