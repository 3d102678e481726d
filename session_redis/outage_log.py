"""One line where core writes a traceback for each message of a websocket in an outage."""

import logging
import threading
import time

from .exceptions import Unavailable

# of core's loggers, the one that takes an outage for a fault of its own
LOGGERS = ("odoo.addons.bus.websocket",)
EVERY_SECONDS = 10.0


class OutageLines(logging.Filter):
    """Let one line in some seconds pass about what cannot be reached, without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._next = 0.0
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False to leave a record out."""
        error = record.exc_info[1] if record.exc_info else record.msg
        if not isinstance(error, Unavailable):
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                self._left_out += 1
                return False
            left_out, self._left_out = self._left_out, 0
            self._next = now + EVERY_SECONDS
        record.exc_info = record.exc_text = record.stack_info = None
        record.msg = "A websocket was not served: %s (%d more since the last such line)"
        record.args = (type(error).__name__, left_out)
        return True


def shorten_outages() -> None:
    """Have the loggers of core write one line instead of tracebacks."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(one, OutageLines) for one in logger.filters):
            logger.addFilter(OutageLines())
