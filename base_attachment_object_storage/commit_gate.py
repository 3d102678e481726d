"""How the gate before a commit is called: patches of Odoo's cursors.

``cursor.precommit`` cannot do it: a rollback to a savepoint clears it, and each savepoint runs
it. ``flush()`` is what Odoo calls after everything else, before each savepoint and as the last
step before a commit. A cursor whose transaction has no uploads does what it did.
"""

from typing import Any

from odoo.sql_db import BaseCursor, Cursor

MEMORY = "ir.attachment.uploads"

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
