"""The usage of attachments in a database: by storage, model, company, type and age.

One statement reads all rows once; another one counts each stored object once. With 10^6 rows they
last some seconds, so a scheduled action measures a large database and the figures are kept.
"""

from collections.abc import Iterable
from typing import Any

from ..garbage.marks import GARBAGE_TABLE
from .places import PLACE
from .rows import SIZE

# a larger table is not read for a page: 8 MB are some 30,000 rows
SMALL_TABLE_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20  # of a kind, the largest first

DIMENSIONS = ("place", "model", "company", "mimetype", "age")

LOGICAL = f"""
  WITH files AS (
    SELECT {PLACE} AS place,
           COALESCE(res_model, '') AS model,
           COALESCE(company_id, 0) AS company,
           split_part(COALESCE(mimetype, ''), ';', 1) AS mimetype,
           CASE WHEN create_date > now() AT TIME ZONE 'UTC' - interval '30 days' THEN 'month'
                WHEN create_date > now() AT TIME ZONE 'UTC' - interval '1 year' THEN 'year'
                ELSE 'older' END AS age,
           {SIZE} AS size
      FROM ir_attachment
     WHERE type = 'binary' AND (store_fname IS NOT NULL OR octet_length(db_datas) > 0)
  )
  SELECT grouping(place, model, company, mimetype, age) AS absent,
         place, model, company, mimetype, age, count(*), COALESCE(sum(size), 0)
    FROM files
   GROUP BY GROUPING SETS ((place), (model), (company), (mimetype), (age))
"""

STORED = f"""
  SELECT count(*), COALESCE(sum(size), 0)
    FROM (SELECT max({SIZE}) AS size FROM ir_attachment
           WHERE type = 'binary' AND store_fname IS NOT NULL GROUP BY store_fname) AS objects
"""

WAITING = f"SELECT count(*), count(DISTINCT store_fname) FROM {GARBAGE_TABLE}"


def is_small(cursor: Any) -> bool:
    """Return True if the table of attachments is small enough to be read for a page."""
    cursor.execute("SELECT pg_relation_size('ir_attachment')")
    return int(cursor.fetchone()[0]) <= SMALL_TABLE_BYTES


def measure(cursor: Any) -> dict[str, Any]:
    """Return the figures of a database, JSON-able, with a constant number of statements.

    ``logical`` counts each row, ``stored`` each object once. Each dimension is a list of the
    largest ``{"name", "files", "bytes"}``. ``marks`` wait for a collection, on so many
    ``marked_objects``.
    """
    cursor.execute(LOGICAL)
    figures: dict[str, Any] = _by_dimension(cursor.fetchall())
    cursor.execute(STORED)
    objects, stored = cursor.fetchone()
    cursor.execute(WAITING)
    figures["marks"], figures["marked_objects"] = cursor.fetchone()
    places = figures["place"]
    figures["logical"] = {
        "files": sum(row["files"] for row in places),
        "bytes": sum(row["bytes"] for row in places),
    }
    # the database has the content of each row that has no other place
    rows = [row for row in places if row["name"] == "db"]
    figures["stored"] = {
        "files": objects + sum(row["files"] for row in rows),
        "bytes": int(stored) + sum(row["bytes"] for row in rows),
    }
    return figures


def _by_dimension(rows: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in DIMENSIONS}
    for absent, *values, files, size in rows:
        # a bit for each dimension, the first one is the highest; 0 for the dimension of this row
        [position] = [n for n in range(len(DIMENSIONS)) if not absent & (16 >> n)]
        name = DIMENSIONS[position]
        found[name].append({"name": values[position], "files": files, "bytes": int(size)})
    for name, entries in found.items():
        entries.sort(key=lambda row: (-row["bytes"], str(row["name"])))
        if name != "place":  # the totals are made of them
            del entries[MOST_ROWS:]
    return found
