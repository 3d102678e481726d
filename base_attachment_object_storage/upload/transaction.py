"""The uploads of one transaction.

::

    create()        objects are on their way, in parallel, while rows are written; when it
                    returns they are stored, or it fails
    write()         the object first

    flush           before a savepoint and before a commit: what waits is sent
    commit          the gate: ``confirm()``
    rollback        objects that were sent are marked as garbage, in a separate transaction

See ``upload/commit_gate.py`` for the promise that it gives.

The memory is in ``cursor.postrollback.data``, which Odoo clears with each commit and rollback,
and with nothing else.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..garbage.locks import SharedLock, lock_shared, shard_of, try_lock_name
from ..ownership.keys import is_owned
from ..store import Content, ObjectStore
from .commit_gate import GUARDED, MEMORY, Access, CommitGate, Spill, guard_cursors
from .garbage_marker import GarbageMarker, RecentlySeen
from .pending_upload import LOST, PendingUpload, UploadBatch
from .put import put_new_content
from .target import StorageTarget

WAITING_BYTES = 16 * 1024 * 1024  # more is sent before more is taken


recently_seen = RecentlySeen(seconds=600, limit=10_000)


@dataclass(frozen=True)
class Block:
    """A ``create()`` or ``write()`` that runs: its uploads and its target.

    ``uploads`` is None if each upload is waited for. The target is right for ``env`` alone:
    another environment may have another context or user.
    """

    uploads: list[PendingUpload] | None
    env: Any
    target: StorageTarget | None


class Uploads(CommitGate):
    """The uploads of one transaction.

    :param cursor: of the transaction
    :param marker: marks objects on another connection
    :param access: encloses each use of a store whose error goes to the user
    :param spill: returns True if rows, by their ids, got the content of an upload that failed
    """

    def __init__(self, cursor: Any, marker: GarbageMarker, access: Access, spill: Spill) -> None:
        self._cursor = cursor
        self._marker = marker
        self._access = access
        self._spill = spill
        # all uploads by the names of their objects; some of them wait, some are in batches
        self._uploads: dict[str, PendingUpload] = {}
        self._waiting: dict[str, PendingUpload] = {}
        self._batches: list[UploadBatch] = []
        self.block: Block | None = None
        # names of objects that this transaction may have created
        self._sent: dict[str, None] = {}
        # names that hooks of other addons gave, by key and digest
        self._hooked: dict[tuple[str, str], str] = {}
        # the number of the last lock, and whether something was sent for a row that never came
        self._number = 0
        self._is_doubtful = False
        # the place of the content of each core checksum: a name, or False for the database
        self.placed: dict[str, Any] = {}
        # of content that goes to the database instead, and has no record of it yet
        self.spilling_bytes = 0

    def __deepcopy__(self, _memo: Any) -> "Uploads":
        """Return a copy of the present state, for the same transaction.

        Odoo's test cases copy a cursor's memory before each test, and put it back after it.
        """
        twin = copy.copy(self)
        twin.__dict__.update(
            {name: value.copy() for name, value in vars(self).items() if hasattr(value, "copy")}
        )
        return twin

    @classmethod
    def of(cls, cursor: Any, registry: Any, access: Access, spill: Spill) -> "Uploads":
        """Return the uploads of the cursor's transaction."""
        memory = cursor.postrollback.data
        if MEMORY not in memory:
            if type(cursor) not in GUARDED:
                guard_cursors(type(cursor))
            memory[MEMORY] = cls(cursor, GarbageMarker(registry), access, spill)
            # before, for a connection that is lost ends its rollback with an error
            cursor.prerollback.add(partial(cls._rolled_back, cursor))
        found: Uploads = memory[MEMORY]
        return found

    @staticmethod
    def waiting_content(cursor: Any, fname: str) -> bytes | None:
        """Return the content of an object that is not stored yet."""
        uploads: Uploads | None = cursor.postrollback.data.get(MEMORY)
        if uploads is None:
            return None
        upload = uploads._waiting.get(fname) or uploads._uploads.get(fname)
        return upload.content.to_bytes() if upload and upload.content else None

    # --- adding

    @contextmanager
    def together(
        self, env: Any = None, target: StorageTarget | None = None, one_by_one: bool = False
    ) -> Iterator[list[PendingUpload]]:
        """Let uploads that are added in the block go on until its end; yield them.

        Then all of them are stored or have failed, and the caller handles their errors. An
        error that leaves the block does not drop any upload: a row may have been written for it,
        and only the gate knows.

        :param env: the environment of an operation, whose target is ``target``
        :param one_by_one: store each upload at once, also inside another block
        """
        own: list[PendingUpload] = []
        outer = self.block
        self.block = Block(None if one_by_one else own, env, target)
        try:
            yield own
            if self._waiting and not one_by_one:
                self._begin()
        except BaseException:
            self._is_doubtful = True
            self._finish()  # no object comes after its transaction
            raise
        finally:
            self.block = outer
        if self._batches:
            self._finish()

    def add(self, upload: PendingUpload) -> None:
        """Store an object: now, or until the end of ``together()``."""
        known = self._waiting.get(upload.fname) or self._uploads.get(upload.fname)
        if known and not known.is_settled:
            upload = known
        else:
            self._waiting[upload.fname] = upload
        own = self.block.uploads if self.block else None
        self._is_doubtful |= self.block is None
        if own is None:
            self._begin()
            self._finish()
            upload.require_stored()
            return
        own.append(upload)
        if sum([waiting.size for waiting in self._waiting.values()]) > WAITING_BYTES:
            self._begin()
            self._finish()
        elif len(own) == 1:
            self._begin()  # often it is the only one; the others go together

    def by_hook(self, key: str, sha256: str, write: Callable[[], str]) -> str:
        """Store by the hook of an addon, which returns the name of the object; return the name."""
        locked = self._lock([key])
        known = self._uploads.get(self._hooked.get((key, sha256), ""))
        if known and known.number != LOST:
            return known.fname
        fname = write()
        self._sent[fname] = None
        if is_owned(key):
            self._hooked[key, sha256] = fname
            self._uploads[fname] = upload = PendingUpload(fname, None, key, None, is_stored=True)
            upload.lock(locked)
        return fname

    def put_chosen(
        self, fname: str, store: ObjectStore, key: str, content: Content, mimetype: str
    ) -> bool:
        """Store under a key that server code chose; return False if it has other content.

        No collection deletes such an object, so no lock of a shard is needed.
        """
        if not try_lock_name(self._cursor, fname):
            return False  # another transaction is about to store its content there
        self._sent[fname] = None
        return put_new_content(store, key, content, mimetype)

    # --- sending

    def _begin(self) -> None:
        """Begin to upload what waits, unless this transaction has it in the store already."""
        waiting, self._waiting = self._waiting, {}
        if waiting:
            locked = self._lock([upload.key for upload in waiting.values()])
            self._send(list(waiting.values()), locked)

    def _send(self, uploads: list[PendingUpload], locked: SharedLock) -> None:
        absent = []
        for upload in uploads:
            known = self._uploads.get(upload.fname)
            if known and known.is_stored and known.number != LOST:
                upload.number, upload.collections = known.number, known.collections
                upload.is_stored = True
            else:
                upload.number, upload.collections = locked.number, locked.collections
                upload.is_stored = recently_seen.is_there(upload.fname, locked.collections)
            if upload.is_stored:
                upload.content = None
            else:
                absent.append(upload)
            self._uploads[upload.fname] = upload
        # before they are objects: a failure may leave some
        self._sent.update(dict.fromkeys([upload.fname for upload in absent]))
        if absent:
            self._batches.append(UploadBatch(absent))

    def _finish(self, begin_more: bool = True) -> None:
        """Wait until all that has begun is stored or has failed."""
        while self._batches:
            batch = self._batches[0]
            batch.finish(begin_more)
            del self._batches[0]
            for upload in batch.uploads:
                if upload.is_stored:
                    upload.content = None
                    recently_seen.add([upload.fname], upload.collections)

    def _lock(self, keys: list[str], names: Iterable[str] = ()) -> SharedLock:
        locked = lock_shared(self._cursor, map(shard_of, keys), names)
        self._number = locked.number
        for upload in self._uploads.values():
            if upload.number > locked.kept:
                # it came after a savepoint to which the transaction was rolled back
                upload.number = LOST
        return locked

    # --- the end of a transaction

    def flush(self) -> None:
        """Send what waits, under locks that a savepoint which follows does not release."""
        self._begin()
        self._finish()

    @staticmethod
    def _rolled_back(cursor: Any) -> None:
        uploads: Uploads | None = cursor.postrollback.data.get(MEMORY)
        if uploads:
            # a mark must not come before its object: collection would find nothing to delete
            uploads._finish(begin_more=False)
            if uploads._sent:
                uploads._marker.mark(list(uploads._sent))
