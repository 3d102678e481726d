"""The servers that serve a database: each writes a row at most every ``BEAT_SECONDS``.

A process writes it with a request or a scheduled action, on a separate connection. A server that
does neither has an old ``last_seen``, like a server that is down.
"""

import logging
import os
import socket
import time
from typing import Any

import psycopg2

from odoo import release
from odoo.tools import config

from ..checks.versions import version_on_this_host

_logger = logging.getLogger(__name__)

TABLE = "cloud_platform_front_end"
BEAT_SECONDS = 60.0
KEPT_DAYS = 7

# imported by --load in the first process, whose workers inherit the value
_started = time.time()
_beats: dict[str, float] = {}


def node() -> str:
    """Return the name of this server: several on one host differ by their ports."""
    return f"{socket.gethostname()}:{config['http_port']}"


def suite_version() -> str:
    """Return the version of the suite, without the series that core puts before it."""
    return ".".join(version_on_this_host("cloud_platform").split(".")[-3:])


def beat_if_due(registry: Any) -> None:
    """Write the row of this server, unless this process did so a short time ago."""
    name, now = registry.db_name, time.monotonic()
    if now < _beats.get(name, -BEAT_SECONDS) + BEAT_SECONDS:
        return
    _beats[name] = now
    try:
        with registry.cursor() as cursor:
            beat(cursor)
    except psycopg2.Error as error:
        # a missing table, a standby, no free connection, or another process that writes the row
        _logger.debug("The row of this server was not written: %s", type(error).__name__)


def beat(cursor: Any) -> None:
    """Write the row of this server."""
    cursor.execute(
        f"""
        INSERT INTO {TABLE} (node, odoo, suite, series, workers, started, last_seen, pid)
             VALUES (%s, %s, %s, %s, %s, to_timestamp(%s) AT TIME ZONE 'UTC',
                     now() AT TIME ZONE 'UTC', %s)
        ON CONFLICT (node) DO UPDATE
                SET odoo = EXCLUDED.odoo, suite = EXCLUDED.suite, series = EXCLUDED.series,
                    workers = EXCLUDED.workers, started = EXCLUDED.started,
                    last_seen = EXCLUDED.last_seen, pid = EXCLUDED.pid
        """,
        (
            *(node(), release.version, suite_version(), release.series),
            *(config["workers"], _started, os.getpid()),
        ),
        log_exceptions=False,
    )


def forget_old(cursor: Any) -> None:
    """Delete the rows of servers that were not seen for ``KEPT_DAYS``."""
    cursor.execute(
        f"DELETE FROM {TABLE} WHERE last_seen < now() AT TIME ZONE 'UTC' - %s * interval '1 day'",
        [KEPT_DAYS],
    )


def front_ends(cursor: Any) -> list[dict[str, Any]]:
    """Return the servers that were seen in the last days, of all versions."""
    cursor.execute(
        f"""
        SELECT node, odoo, suite, series, workers, started, last_seen,
               extract(epoch FROM now() AT TIME ZONE 'UTC' - last_seen)::integer AS seconds
          FROM {TABLE}
         WHERE last_seen > now() AT TIME ZONE 'UTC' - %s * interval '1 day'
         ORDER BY node
        """,
        [KEPT_DAYS],
    )
    rows: list[dict[str, Any]] = cursor.dictfetchall()
    for row in rows:
        row["is_alive"] = row.pop("seconds") < 5 * BEAT_SECONDS
        row["started"], row["last_seen"] = (
            row[name].isoformat(" ", "seconds") for name in ("started", "last_seen")
        )
    return rows


def versions_differ(rows: list[dict[str, Any]]) -> bool:
    """Return True if servers that are alive have different versions of Odoo or the suite."""
    alive = [row for row in rows if row["is_alive"]]
    return len({(row["odoo"], row["suite"]) for row in alive}) > 1
