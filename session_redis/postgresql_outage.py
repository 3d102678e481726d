"""A PostgreSQL that is away for a moment logs nobody out.

Core takes a database that it cannot open for one that is gone, and forgets who was logged in: on
18.0 and 19.0 by the session's ``logout()``, on 17.0 by saving it without its database. Both ask
here first, and are told by the error that core is handling whether that is so.
"""

import sys
from contextlib import closing

import psycopg2

from odoo import sql_db

from .exceptions import DatabaseUnavailable

# one that each server has, and that core asks for the others
ANY = "postgres"


def keep_logged_in(database: str | None = None) -> None:
    """Let core forget who is logged in, unless it does so for want of PostgreSQL.

    :param database: the session's, where it is still known
    :raises DatabaseUnavailable: a 503; the session stays as it is
    """
    error = sys.exc_info()[1]
    # 18.0 and 19.0 wrap it
    for cause in (error, error and error.__cause__):
        # of what a server says to a query, the class is another one
        if type(cause) is psycopg2.OperationalError and not _is_gone(database):
            raise DatabaseUnavailable() from cause


def _is_gone(database: str | None) -> bool:
    """Say whether the server answers, and has no such database."""
    return _opens(ANY) and not (database and _opens(database))


def _opens(database: str) -> bool:
    try:
        with closing(sql_db.db_connect(database).cursor()):
            return True
    except psycopg2.Error:
        return False
