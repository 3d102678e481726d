"""Delete local files that a move has left behind, slice by slice.

Core collects all files under one lock, and all writers of attachments wait for it. Here a slice
is one transaction with few files and little time. It does not wait long for the lock, because a
waiting lock blocks all later writers.
"""

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import psycopg2

from .marks import GARBAGE_TABLE, LONG_AGO, NAME, OF_LOCAL_FILES

_logger = logging.getLogger(__name__)

SLICE_FILES = 500
SLICE_SECONDS = 0.1  # on a slow file system
LOCK_TIMEOUT = "50ms"
ATTEMPTS = 20
PAUSE_SECONDS = 0.5


class LocalFiles:
    """Marked local files whose retention is over.

    :param full_path: returns the path of a file by its name
    """

    def __init__(self, days: float, full_path: Callable[[str], str]) -> None:
        self._days = days
        self._full_path = full_path
        self.removed = 0

    def collect(self, cursor: Any) -> bool:
        """Remove all of them; return False if writers held the lock for too long.

        :param cursor: of a connection without a transaction
        """
        after: str | None = ""
        attempts = ATTEMPTS
        while after is not None and attempts:
            try:
                after, attempts = self.slice(cursor, after), ATTEMPTS
            except psycopg2.errors.LockNotAvailable:
                attempts -= 1
            finally:
                cursor.commit()
            if attempts < ATTEMPTS:
                time.sleep(PAUSE_SECONDS)
        if self.removed:
            _logger.info("%d local files were removed after their move", self.removed)
        return after is None

    def slice(self, cursor: Any, after: str) -> str | None:
        """Remove the next files; the caller commits.

        :return: the start of the next slice; None if there are no more files
        """
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        # the first statement that reads rows comes after the lock: it sees all committed rows
        cursor.execute("LOCK TABLE ir_attachment IN SHARE MODE")
        until = time.monotonic() + SLICE_SECONDS
        names = self._due(cursor, after)
        cursor.execute(
            "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname = ANY(%s)", (names,)
        )
        used = {name for (name,) in cursor.fetchall()}
        done = []
        for name in names:
            if name in used or self._remove(name):
                done.append(name)
            after = name
            if time.monotonic() > until:
                break
        cursor.execute(f"DELETE FROM {GARBAGE_TABLE} WHERE store_fname = ANY(%s)", (done,))
        return after if names else None

    def _due(self, cursor: Any, after: str) -> list[str]:
        cursor.execute(
            f"SELECT {NAME} FROM {GARBAGE_TABLE} WHERE {OF_LOCAL_FILES} AND {NAME} > %s"
            f" GROUP BY {NAME} HAVING max(time) <= {LONG_AGO} ORDER BY {NAME} LIMIT %s",
            (after, self._days, SLICE_FILES),
        )
        return [name for (name,) in cursor.fetchall()]

    def _remove(self, name: str) -> bool:
        path = self._full_path(name)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
                self.removed += 1
        except OSError as error:
            _logger.warning("%s was not removed: %s", path, error)
            return False
        with contextlib.suppress(OSError):  # core may have an entry for the file, too
            os.unlink(os.path.join(self._full_path("checklist"), name))
        return True
