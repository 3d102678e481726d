"""Uncaught exceptions: Python and gevent print them in several lines, here they are logged.

Only a server that serves logs them. A shell prints them, because they are answers to its user.
"""

import logging
import sys
import threading
from typing import Any

from odoo import evented

_logger = logging.getLogger(__name__)


def log_uncaught() -> None:
    """Log each uncaught exception of the process, its threads and greenlets from now on."""
    sys.excepthook = _process_ends
    threading.excepthook = _thread_ends
    sys.unraisablehook = _ignored
    if evented:
        from gevent.hub import Hub

        Hub.print_exception = _greenlet_ends


def _process_ends(kind: Any, error: Any, traceback: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        _logger.critical("An exception ends the process", exc_info=(kind, error, traceback))


def _thread_ends(hook: Any) -> None:
    if hook.exc_type is not SystemExit:
        name = hook.thread.name if hook.thread else "?"
        exc_info = (hook.exc_type, hook.exc_value, hook.exc_traceback)
        _logger.error("An exception ends the thread %s", name, exc_info=exc_info)


def _ignored(hook: Any) -> None:
    exc_info = (hook.exc_type, hook.exc_value, hook.exc_traceback)
    _logger.error("%s: %r", hook.err_msg or "Exception ignored in", hook.object, exc_info=exc_info)


def _greenlet_ends(_hub: Any, context: Any, kind: Any, error: Any, traceback: Any) -> None:
    if kind is not None:
        _logger.error("An exception ends %r", context, exc_info=(kind, error, traceback))
