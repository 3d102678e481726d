"""The gate before a commit, and the patches of Odoo's cursors that call it.

The promise is given by ``CommitGate.confirm()`` alone: every name that a row of this
transaction has is stored under a lock that is held, or the commit is refused. It does not
matter how the transaction came here: after savepoints that were rolled back, after errors that
a caller caught, with rows that were deleted again.

``cursor.precommit`` cannot do it: a rollback to a savepoint clears it, and each savepoint runs
it. ``flush()`` is what Odoo calls after everything else, before each savepoint and as the last
step before a commit. For a cursor whose transaction has no uploads nothing changes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from odoo.sql_db import BaseCursor, Cursor

from ..garbage.locks import SharedLock, is_last_lock
from ..garbage.marks import mark_all
from ..store import Conflict, NotFound, StoreError, Unavailable
from .pending_upload import LOST, PendingUpload

Access = Callable[[str], AbstractContextManager[None]]
Spill = Callable[[PendingUpload, list[int]], bool]

MEMORY = "ir.attachment.uploads"

# rows that this transaction has written: rows of other transactions have an older number
OWN_ROWS = """
    SELECT id FROM ir_attachment WHERE store_fname = %s
       AND age(xmin) <= age((txid_current() %% (2 ^ 32)::bigint)::text::xid)
"""

# the classes of cursors whose commits are guarded
GUARDED: set[Any] = set()
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
    """Make a class of cursors commit no row without its object; once for each class."""
    if kind in GUARDED:
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
    GUARDED.add(kind)


def guard_commits() -> None:
    """Install the gate."""
    guard_cursors(Cursor)


def own_rows(cursor: Any, fname: str) -> list[int]:
    """Return the ids of the rows of this transaction that have an object."""
    cursor.execute(OWN_ROWS, (fname,))
    return [number for (number,) in cursor.fetchall()]


class CommitGate(ABC):
    """Decides whether a transaction may be committed, from the uploads that it has."""

    _cursor: Any
    _access: Access
    _spill: Spill
    _uploads: dict[str, PendingUpload]
    _waiting: dict[str, PendingUpload]
    _sent: dict[str, None]
    _number: int
    _is_doubtful: bool

    @abstractmethod
    def _send(self, uploads: list[PendingUpload], locked: SharedLock) -> None:
        """Begin to store uploads under locks that are held."""

    @abstractmethod
    def _finish(self, begin_more: bool = True) -> None:
        """Wait until all that has begun is stored or has failed."""

    @abstractmethod
    def _lock(self, keys: list[str], names: Iterable[str] = ()) -> SharedLock:
        """Keep collection away from objects; report which names no row has."""

    def confirm(self) -> None:
        """Let the transaction be committed, or raise.

        :raises StoreError: a row of this transaction has no object
        """
        if not (self._uploads or self._waiting or self._sent):
            return
        self._finish()
        if self._is_plain() and is_last_lock(self._cursor, self._number):
            return
        uploads = {**self._uploads, **self._waiting}
        locked = self._lock(
            [upload.key for upload in uploads.values()], [*{**uploads, **self._sent}]
        )
        waiting, self._waiting = self._waiting, {}
        used = [upload for name, upload in waiting.items() if name not in locked.unused]
        self._send(used, locked)
        self._finish()
        with self._access("before the commit"):
            for name, upload in self._uploads.items():
                if name not in locked.unused:
                    self._require_kept(upload, locked)
        self._mark_unused(locked)

    def _is_plain(self) -> bool:
        """Return True if all is stored under locks that are held, unless a savepoint came since.

        Then each object has had a row: objects of rows that were deleted again have their marks.
        """
        return not (
            self._waiting
            or self._is_doubtful
            or self._sent.keys() - self._uploads.keys()
            or any(not one.is_stored or one.number == LOST for one in self._uploads.values())
        )

    def _require_kept(self, upload: PendingUpload, locked: SharedLock) -> None:
        """Raise if an object that a row has is not in the store, or not any more."""
        if not self.require_object(upload):
            return
        if upload.number != LOST or upload.collections == locked.collections:
            return
        # a savepoint released the lock, it was taken again, and a collection ran in between
        if upload.store is None:
            raise Conflict(f"{upload.fname} may have been collected")
        try:
            upload.store.head(upload.key)
        except NotFound:
            raise Conflict(f"{upload.fname} was collected") from None

    def require_object(self, upload: PendingUpload) -> bool:
        """Return True if an object is stored; False where no row of this transaction needs it.

        :raises StoreError: a row has it, and its content must not wait in the database
        """
        try:
            upload.require_stored()
        except StoreError as error:
            rows = own_rows(self._cursor, upload.fname)
            if rows and not (isinstance(error, Unavailable) and self._spill(upload, rows)):
                raise
            upload.number = LOST  # a part that has arrived gets a mark
            return False
        return True

    def _mark_unused(self, locked: SharedLock) -> None:
        """Mark the objects that were sent and have no row of this transaction.

        A row that is seen may be one that another transaction has deleted in between: where a
        savepoint was rolled back, a mark that is not needed is better than none.
        """
        rolled_back = {name for name, upload in self._uploads.items() if upload.number == LOST}
        if left_over := [n for n in self._sent if n in locked.unused or n in rolled_back]:
            mark_all(self._cursor, left_over)
