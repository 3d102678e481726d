"""Addons that work on the files of sessions, which do not exist while sessions are in Redis.

An addon that reads the file of a session treats a missing file as a session that has ended, and
logs its user out after each log-in. With a second addon that replaces the session store, the order
of ``--load`` decides which store is used. Both are found before a server serves, and by
``cloud_platform`` in each database.
"""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

import psycopg2

from odoo import sql_db

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.startup.server_wide import databases_of_start, server_wide_modules

# installed in a database, by their names, and what to do instead
READ_FILES = {
    "auth_session_timeout": "ODOO_SESSION_REDIS_EXPIRATION, or the system parameter"
    " sessions.max_inactivity_seconds, ends unused sessions",
}
# loaded with the server
STORES = ("session_db", "smile_redis_session_store")


def of_server() -> list[str]:
    """Return a sentence for each addon of ``--load`` that keeps sessions elsewhere."""
    return [
        f"ODOO_SESSION_REDIS: {name} is in --load as well, and keeps the sessions elsewhere:"
        " take one of them out"
        for name in STORES
        if name in server_wide_modules()
    ]


def installed(cursor: Any) -> list[str]:
    """Return the addons of a database that read the files of sessions."""
    cursor.execute(
        "SELECT name FROM ir_module_module"
        " WHERE name = ANY(%s) AND state IN ('installed', 'to upgrade') ORDER BY name",
        [list(READ_FILES)],
    )
    return [name for (name,) in cursor.fetchall()]


def sentences(names: Iterable[str], database: str) -> list[str]:
    """Return a sentence for each of these addons that a database has."""
    return [
        f"ODOO_SESSION_REDIS: the addon {name} of the database {database} reads the files of"
        f" sessions, and would log out all users: uninstall it; {READ_FILES[name]}"
        for name in names
    ]


def check_databases(_serving: bool) -> None:
    """Look at the databases of ``-d``.

    :raises ConfigurationError: when one has an addon that cannot be used with Redis
    """
    found: list[str] = []
    for name in databases_of_start():
        found += sentences(_installed_in(name), name)
    if found:
        raise ConfigurationError(found)


def _installed_in(database: str) -> list[str]:
    try:
        with closing(sql_db.db_connect(database).cursor()) as cursor:
            cursor.execute("SELECT to_regclass('ir_module_module')")
            return installed(cursor) if cursor.fetchone()[0] else []
    except psycopg2.Error:
        return []  # not there, or not reachable: core says so when it connects
