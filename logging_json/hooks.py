"""The hook that switches Odoo's log to JSON.

``post_load`` replaces the formatters of the handlers that core has installed. From then on every
line of every process is JSON: forked workers inherit the formatters, the gevent process replaces
them in the same way. Lines that core has written before are text.

Without ``--load`` the hook is called too late, in some processes and not in others. Then it leaves
the log as it is and logs an error.

Settings that are wrong leave text as well; ``before_serving`` lets no server start with them.
"""

import functools
import logging
import logging.handlers
from collections.abc import Callable
from typing import Any

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.startup.checks import before_serving, when_serving
from odoo.addons.cloud_base.startup.server_wide import server_wide, server_wide_modules

from .settings import LoggingSettings

_logger = logging.getLogger(__name__)

SYSLOG_IDENT = "odoo: "
# rsyslog's default; systemd-journald and syslog-ng accept more
SYSLOG_LONGEST = 8000

ADDON = __name__.split(".")[-2]

MakeRecord = Callable[..., logging.LogRecord]


@server_wide
def post_load() -> None:
    """Write JSON from now on, if the environment says so."""
    if ADDON not in server_wide_modules():
        _complain_when_late()
        return
    before_serving(problems)
    if not problems():
        settings = LoggingSettings.read()
        if settings.enabled:
            use_json(settings)


def problems() -> list[Problem]:
    """Return what keeps the log from being JSON, by id."""
    found = LoggingSettings.problems()
    if not found and LoggingSettings.read().enabled:
        try:
            import pythonjsonlogger.json  # noqa: F401
        except ImportError as error:
            package = "the Python package python-json-logger, 3.1 or later,"
            found.append(
                Problem("LOGGING.E002", "ODOO_LOGGING_JSON", f"{package} is needed ({error})")
            )
    return found


def use_json(settings: LoggingSettings) -> None:
    """Give JSON to the handlers that write text, and their context to the lines."""
    from . import subscriptions
    from .access_log import LOGGERS, AccessFilter
    from .formatter import OdooJsonFormatter
    from .pipes import keep_lines_whole

    formatter = OdooJsonFormatter(settings.schema_name, settings.limit)
    for handler in logging.getLogger().handlers:
        # core's handler that writes into databases has no formatter
        if not handler.formatter:
            continue
        if isinstance(handler, logging.handlers.SysLogHandler):
            fit_into_syslog(handler, settings)
        else:
            handler.setFormatter(formatter)
            keep_lines_whole(handler)
    access = AccessFilter(settings.ignored_routes)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(access)
    logger_class: Any = logging.Logger
    logger_class.makeRecord = allow_core_names(logger_class.makeRecord)
    subscriptions.subscribe()
    when_serving(serve)


def fit_into_syslog(handler: Any, settings: LoggingSettings) -> None:
    """Format the messages of ``--syslog``: JSON after a name, no longer than daemons accept."""
    from .formatter import OdooJsonFormatter

    # without it a daemon takes the beginning of the JSON for the name of a program
    handler.ident = SYSLOG_IDENT
    # some daemons keep the null character at the end as a part of the text
    handler.append_nul = False
    longest = SYSLOG_LONGEST - len(SYSLOG_IDENT) - len("<191>")
    handler.setFormatter(OdooJsonFormatter(settings.schema_name, settings.limit, longest=longest))


def serve(_server: Any) -> None:
    """Do what needs the other addons of ``--load``, and what a shell is better without."""
    from . import excepthooks, subscriptions

    subscriptions.subscribe_to_queue()
    excepthooks.log_uncaught()


def is_active() -> bool:
    """Return True if this process writes its log as JSON."""
    try:
        from .formatter import OdooJsonFormatter
    except ImportError:  # python-json-logger is missing
        return False
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, OdooJsonFormatter) for handler in handlers)


def allow_core_names(make_record: MakeRecord) -> MakeRecord:
    """Return ``make_record`` with support for ``extra`` names that core adds to records.

    On 19.0 ``extra={"dbname": …}`` raises a ``KeyError`` in the caller, on 17.0 and 18.0 core
    overwrites the value. Here it is logged as ``extra_dbname``.
    """
    from .formatter import CORE_ATTRIBUTES

    @functools.wraps(make_record)
    def makeRecord(self: Any, *arguments: Any, **named: Any) -> logging.LogRecord:
        # the ninth argument of logging.Logger.makeRecord
        extra = arguments[8] if len(arguments) > 8 else named.get("extra")
        if not extra or CORE_ATTRIBUTES.isdisjoint(extra):
            return make_record(self, *arguments, **named)
        renamed = {
            f"extra_{name}" if name in CORE_ATTRIBUTES else name: value
            for name, value in extra.items()
        }
        if len(arguments) > 8:
            arguments = (*arguments[:8], renamed, *arguments[9:])
        else:
            named["extra"] = renamed
        return make_record(self, *arguments, **named)

    return makeRecord


def _complain_when_late() -> None:
    try:
        enabled = LoggingSettings.read().enabled
    except ConfigurationError:
        enabled = True
    if enabled:
        _logger.error("ODOO_LOGGING_JSON is set, but %s is not in --load: the log is text", ADDON)
