"""Checks that PostgreSQL answers and that a server may read and write."""

from contextlib import closing
from typing import Any

import psycopg2

from odoo import sql_db

from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError

# the database that Odoo asks for the names of the others, where none is named by -d
MAINTENANCE = "postgres"
# tables that requests write
TABLES = ("ir_attachment", "ir_config_parameter", "res_users", "res_users_log")
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")

STANDBY = "PostgreSQL is a standby and accepts no changes (database %s)"

# parts of the answer of a server that will let this client in later
_LATER = ("starting up", "shutting down", "recovery mode", "not yet accepting", "too many")


def require(name: str) -> None:
    """Do what a request needs of a database, and change nothing.

    :raises UnreachableError: where PostgreSQL does not answer, or only reads: a standby
    :raises ConfigurationError: where it refuses this user
    """
    try:
        with closing(sql_db.db_connect(name).cursor()) as cursor:
            _require_writable(cursor, name)
    except psycopg2.NotSupportedError as error:  # a cursor of Odoo's demands to write
        raise UnreachableError(STANDBY % name) from error
    except psycopg2.OperationalError as error:
        text = str(error)
        if "FATAL" in text and not any(part in text for part in _LATER):
            raise ConfigurationError([f"PostgreSQL refuses the database {name}"]) from error
        raise UnreachableError(f"PostgreSQL does not answer for the database {name}") from error


def require_addon(name: str) -> None:
    """Raise ``ConfigurationError`` unless the platform's addon is installed in a database."""
    with closing(sql_db.db_connect(name).cursor()) as cursor:
        cursor.execute("SELECT to_regclass('ir_module_module')")
        if not cursor.fetchone()[0]:
            raise ConfigurationError([f"{name} is not a database of Odoo"])
        cursor.execute(
            "SELECT 1 FROM ir_module_module WHERE name = 'cloud_platform'"
            " AND state IN ('installed', 'to upgrade')"
        )
        if not cursor.fetchone():
            raise ConfigurationError([f"the addon cloud_platform is not installed in {name}"])


def has_addon(name: str) -> bool:
    """Return True if the platform's addon is installed in a database."""
    try:
        require_addon(name)
    except ConfigurationError:
        return False
    return True


def _require_writable(cursor: Any, name: str) -> None:
    cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')")
    in_recovery, read_only = cursor.fetchone()
    if in_recovery:
        raise UnreachableError(STANDBY % name)
    if read_only == "on":
        raise UnreachableError(f"PostgreSQL accepts no changes to the database {name}: read only")
    cursor.execute(
        """
        SELECT relname FROM pg_class
         WHERE oid IN (SELECT to_regclass(name) FROM unnest(%s) AS name)
           AND NOT (SELECT bool_and(has_table_privilege(oid, kind)) FROM unnest(%s) AS kind)
         ORDER BY relname
        """,
        [list(TABLES), list(RIGHTS)],
    )
    if tables := [row[0] for row in cursor.fetchall()]:
        raise ConfigurationError(
            [f"PostgreSQL: this user may not write {', '.join(tables)} (database {name})"]
        )
