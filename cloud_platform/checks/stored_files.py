"""Schemes of stored files that no installed addon reads.

Such a file is an internal error when it is read. The query reads an index of all attachments,
so its result is kept for a hundred times its duration: it takes 1 % of one connection at most.
"""

import time
from collections.abc import Collection
from typing import Any

SHARE = 100

_QUERY = """
    SELECT DISTINCT split_part(store_fname, '://', 1)
      FROM ir_attachment
     WHERE strpos(store_fname, '://') > 0 AND NOT split_part(store_fname, '://', 1) = ANY(%s)
     ORDER BY 1
"""
# (database, schemes that are read) -> the result, and the time until which it is valid
_results: dict[tuple[str, frozenset[str]], tuple[tuple[str, ...], float]] = {}


def unreadable_schemes(
    cursor: Any, known: Collection[str], may_query: bool = True
) -> tuple[str, ...]:
    """Return the schemes of stored files other than the ``known`` ones.

    :param may_query: False returns the last result of this process, of any age: each process
        has one since it loaded the registry
    """
    key = (cursor.dbname, frozenset(known))
    schemes, until = _results.get(key, ((), 0.0))
    began = time.monotonic()
    if began < until or not may_query:
        return schemes
    cursor.execute(_QUERY, [list(known)])
    schemes = tuple(row[0] for row in cursor.fetchall())
    ended = time.monotonic()
    _results[key] = (schemes, ended + SHARE * (ended - began))
    return schemes
