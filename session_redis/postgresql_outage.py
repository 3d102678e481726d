"""A short outage of PostgreSQL logs out no user.

If core cannot open the database of a session, it assumes that the database was deleted, and logs
the user out: on 18.0 and 19.0 by the session's ``logout()``, on 17.0 by saving it without its
database. Both call this module first, which looks at the error that core is handling.
"""

import sys
from contextlib import closing

import psycopg2

from odoo import sql_db

from .exceptions import DatabaseUnavailable

# a database that every server has, and that core asks for the list of databases
MAINTENANCE_DATABASE = "postgres"


def keep_logged_in(database: str | None = None) -> None:
    """Do nothing, unless core logs the user out because PostgreSQL is unavailable.

    :param database: the database of the session, if it is still known
    :raises DatabaseUnavailable: a 503; the session is not changed
    """
    error = sys.exc_info()[1]
    # 18.0 and 19.0 wrap it
    for cause in (error, error and error.__cause__):
        # an error in the response to a query has a subclass
        if type(cause) is psycopg2.OperationalError and not _is_deleted(database):
            raise DatabaseUnavailable() from cause


def _is_deleted(database: str | None) -> bool:
    """Return True if the server responds, and does not have the database."""
    return _can_open(MAINTENANCE_DATABASE) and not (database and _can_open(database))


def _can_open(database: str) -> bool:
    try:
        with closing(sql_db.db_connect(database).cursor()):
            return True
    except psycopg2.Error:
        return False
