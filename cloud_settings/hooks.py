"""Checks that a server has to pass before it serves.

What: an addon that is loaded server-wide says, in its ``post_load``, how to find its
mistakes::

    before_serving(RedisSettings.mistakes)

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

# as sysexits.h has it: the operator's configuration is wrong, a restart will not help
EXIT_CONFIGURATION = os.EX_CONFIG

_checks: list[Check] = []


def before_serving(check: Check) -> None:
    """Have ``check`` asked at a serving start; it returns a sentence for each mistake."""
    if not _checks:
        for server_class in (server.ThreadedServer, server.PreforkServer, server.GeventServer):
            server_class.run = _checked(server_class.run)
    _checks.append(check)


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
        return run(self, preload, stop)

    return checked_run
