"""Checks that a server has to pass before it serves.

In its ``post_load``, an addon that is loaded server-wide registers a function that finds its
mistakes::

    before_serving(RedisSettings.problems)

a function that tries the services of its settings::

    reachable_before_serving(check)     # check(serving)

and an action for a server that passed all checks, before the first fork::

    when_serving(start)         # start(server)

The first call wraps ``run`` of Odoo's servers. A *serving start* runs every check, logs all
mistakes in one block and ends the process with ``EXIT_CONFIGURATION`` before a socket is bound.
Another start (``odoo shell``, ``--stop-after-init``, anthem) logs the same block as a warning and
goes on, so that a wrong instance can always be repaired. If no setting is wrong, the services are
tried: a service that refuses is a mistake like the others, a service that does not respond ends a
serving start with ``EXIT_UNREACHABLE``. A prefork server does this once, its workers and its
process for websockets do not: they may be started again at any time.

``post_load`` cannot raise the mistakes: Odoo swallows every exception there, and a ``SystemExit``
would end ``odoo shell`` as well.
"""

import functools
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from odoo.service import server

from ..exceptions import ConfigurationError, UnreachableError
from ..problem import Problem, problem_of, without_repetition

_logger = logging.getLogger(__name__)

# a sentence such as "VARIABLE: expects a number" is a problem without an id
Check = Callable[[], Iterable[Problem | str]]
ServerCheck = Callable[[bool], None]
Action = Callable[[Any], None]

# as sysexits.h has it: the operator's configuration is wrong, a restart will not help
EXIT_CONFIGURATION = os.EX_CONFIG
# and this, that a restart may help
EXIT_UNREACHABLE = os.EX_TEMPFAIL

_checks: list[Check] = []
_server_checks: list[ServerCheck] = []
_actions: list[Action] = []


def before_serving(check: Check) -> None:
    """Register a check for each start; it returns the problems."""
    _wrap_servers()
    _checks.append(check)


def reachable_before_serving(check: ServerCheck) -> None:
    """Register a check of a service, called as ``check(serving)`` if no setting is wrong.

    It raises ``ConfigurationError`` for a service that refuses, and ``UnreachableError`` for a
    service that does not respond; without ``serving`` it must not wait for the service.
    """
    _wrap_servers()
    _server_checks.append(check)


def when_serving(action: Action) -> None:
    """Register an action, called as ``action(server)`` at a serving start after all checks.

    If it raises an exception, this is logged, and the server serves.
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
        serving = not stop
        if problems := _problems():
            _end_or_warn("The configuration is wrong", problems, EXIT_CONFIGURATION, serving)
        elif not isinstance(self, server.GeventServer):
            _ask_servers(serving)
        if serving:
            _act(self)
        return run(self, preload, stop)

    return checked_run


def _problems() -> list[Problem]:
    return list(without_repetition(map(problem_of, check()) for check in _checks))


def _ask_servers(serving: bool) -> None:
    wrong: list[list[Problem]] = []
    unreachable = []
    for check in _server_checks:
        try:
            check(serving)
        except ConfigurationError as error:
            wrong.append(error.problems)
        except UnreachableError as error:
            unreachable.append(str(error))
    if problems := list(without_repetition(wrong)):
        _end_or_warn("The configuration is wrong", problems, EXIT_CONFIGURATION, serving)
    if unreachable:
        _end_or_warn("A server cannot be reached", unreachable, EXIT_UNREACHABLE, serving)


def _end_or_warn(what: str, problems: Sequence[Problem | str], status: int, serving: bool) -> None:
    block = "\n".join(f"  - {problem}" for problem in problems)
    if serving:
        _logger.critical("%s, the server ends:\n%s", what, block)
        raise SystemExit(status)
    _logger.warning("%s, a server would not start:\n%s", what, block)


def _act(started: Any) -> None:
    for action in _actions:
        try:
            action(started)
        except Exception:  # an action only observes the server, which must serve without it
            _logger.exception("%r failed, the server starts without it", action)
