"""Limits the time that a part of the status document has in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SQL_SECONDS = 3.0


@contextmanager
def limited(cursor: Any, seconds: float = SQL_SECONDS) -> Iterator[None]:
    """Enclose statements of which each may last ``seconds``; an error undoes them alone.

    :raises psycopg2.errors.QueryCanceled: if a statement lasts longer
    """
    with cursor.savepoint(flush=False):
        cursor.execute("SELECT current_setting('statement_timeout')")
        (before,) = cursor.fetchone()
        # rolled back with the savepoint if a statement fails
        _set_timeout(cursor, f"{int(1000 * seconds)}ms")
        yield
        _set_timeout(cursor, before)


def _set_timeout(cursor: Any, value: str) -> None:
    cursor.execute("SELECT set_config('statement_timeout', %s, true)", [value])
