"""One log line per outage and interval, where core logs a traceback per websocket message."""

import logging
import threading
import time

from .exceptions import Unavailable

# the loggers of core that log an outage like a programming error
LOGGERS = ("odoo.addons.bus.websocket",)
EVERY_SECONDS = 10.0


class OutageLines(logging.Filter):
    """Passes at most one record about an outage in ``EVERY_SECONDS``, without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._next = 0.0
        self._dropped = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False to drop a record."""
        error = record.exc_info[1] if record.exc_info else record.msg
        if not isinstance(error, Unavailable):
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                self._dropped += 1
                return False
            dropped, self._dropped = self._dropped, 0
            self._next = now + EVERY_SECONDS
        record.exc_info = record.exc_text = record.stack_info = None
        record.msg = "A websocket was not served: %s (%d more since the last such line)"
        record.args = (type(error).__name__, dropped)
        return True


def shorten_outages() -> None:
    """Add the filter to the loggers of core."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(existing, OutageLines) for existing in logger.filters):
            logger.addFilter(OutageLines())
