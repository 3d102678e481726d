"""How the gate before a commit is called: patches of Odoo's cursors.

``cursor.precommit`` cannot do it: a rollback to a savepoint clears it, and each savepoint runs
it. ``flush()`` is what Odoo calls after everything else, before each savepoint and as the last
step before a commit. A cursor whose transaction has no uploads does what it did.
"""

from typing import Any

from odoo.sql_db import BaseCursor, Cursor

MEMORY = "ir.attachment.uploads"

# rows that this transaction has written: those of others are older than its number
OWN_ROWS = """
    SELECT id FROM ir_attachment WHERE store_fname = %s
       AND age(xmin) <= age((txid_current() %% (2 ^ 32)::bigint)::text::xid)
"""

_guarded: set[Any] = set()
_core_flush = BaseCursor.flush


def _flush(self: Any) -> None:
    _core_flush(self)
    uploads = self.postrollback.data.get(MEMORY)
    if uploads is None:
        return
    if vars(self).get("attachments_are_committed"):
        uploads.confirm()
    else:
        uploads.flush()


def guard_cursors(kind: Any) -> None:
    """Have a class of cursors commit no row without its object; once for each class."""
    if kind in _guarded:
        return
    core_commit = kind.commit

    def commit(self: Any) -> Any:
        self.attachments_are_committed = True
        try:
            return core_commit(self)
        finally:
            self.attachments_are_committed = False

    kind.commit = commit
    BaseCursor.flush = _flush
    _guarded.add(kind)


def guard_commits() -> None:
    """Install the gate."""
    guard_cursors(Cursor)


def own_rows(cursor: Any, fname: str) -> list[int]:
    """Return the ids of the rows of this transaction that have an object."""
    cursor.execute(OWN_ROWS, (fname,))
    return [number for (number,) in cursor.fetchall()]
