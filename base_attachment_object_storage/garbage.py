"""Marks on objects that a row has ceased to use, for whoever has a cursor and no registry."""

from typing import Any

GARBAGE_TABLE = "ir_attachment_garbage"


def mark(cursor: Any, store_fname: str) -> None:
    """Append a mark; in SQL, because core also deletes rows behind the ORM's back."""
    cursor.execute(
        "INSERT INTO ir_attachment_garbage (store_fname, time)"
        " VALUES (%s, now() AT TIME ZONE 'UTC')",
        (store_fname,),
    )
