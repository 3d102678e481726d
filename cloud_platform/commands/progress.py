"""Progress of long work: a bar in a terminal, otherwise a line in the log every 30 seconds."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

_logger = logging.getLogger(__name__)

SECONDS = 30
# logs each batch of a move
_BATCHES = "odoo.addons.base_attachment_object_storage.transfer.run"


class Progress:
    """The progress of an action, in files.

    :param title: names the action
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: tqdm[Any] | None = None
        self._logged = time.monotonic()

    def __call__(self, report: Any) -> None:
        """Show a report that has ``done`` and ``total``; ``total`` is None if it is unknown."""
        if sys.stderr.isatty():
            self._draw(report)
        elif time.monotonic() - self._logged >= SECONDS:
            self._logged = time.monotonic()
            _logger.info("cloud_platform %s: %s", self._title, report)

    def _draw(self, report: Any) -> None:
        if self._bar is None:
            self._bar = tqdm(total=report.total, desc=self._title, unit=" files", file=sys.stderr)
        self._bar.update(report.done - self._bar.n)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Give the progress of an action; lines of the log do not break its bar."""
    shown = Progress(title)
    batches = logging.getLogger(_BATCHES)
    level = batches.level
    batches.setLevel(logging.WARNING)
    try:
        if sys.stderr.isatty():
            with logging_redirect_tqdm():
                yield shown
        else:
            yield shown
    finally:
        shown.close()
        batches.setLevel(level)
