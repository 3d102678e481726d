"""What one transaction uploads: together, each content once, and never without a trace.

::

    create()                    objects are on their way, in parallel, while rows are written;
                                when it returns they are there, or it fails and leaves no row
    write()                     the object first

    rollback                    what was sent is marked as garbage, in a transaction of its own
    rollback to a savepoint     the same after the commit, as far as it is noticed

The memory lives in ``cursor.postrollback.data``, which Odoo clears with each commit and
rollback, and with nothing else.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from . import parallel
from .beside import Beside, RecentlySeen
from .digested import Digested
from .keys import is_owned
from .shards import Held, lock_shared, shard_of
from .store import ObjectStore
from .upload import begin_content, put_content

WAITING_BYTES = 16 * 1024 * 1024  # more is sent before more is taken

recently_seen = RecentlySeen(seconds=600, limit=10_000)

MEMORY = "ir.attachment.uploads"


@dataclass(frozen=True)
class Upload:
    """A content and the object that it becomes; ``fname`` is the name that rows have for it."""

    fname: str
    store: ObjectStore
    key: str
    content: Digested
    mimetype: str

    @property
    def identity(self) -> tuple[str, str]:
        # the digest too: a key that the context chose does not name its content
        return self.fname, self.content.sha256

    def send(self) -> None:
        put_content(self.store, self.key, self.content, self.mimetype)

    def begin(self) -> Callable[[], None] | None:
        """Send without waiting for the answer; None where that is not to be had."""
        return begin_content(self.store, self.key, self.content, self.mimetype)


class _Going:
    """Uploads that have begun, under locks that are held.

    One that is small needs no thread: its request is sent, its answer awaited in the end.
    """

    def __init__(self, uploads: list[Upload], held: Held, absent: list[Upload]) -> None:
        self.uploads = uploads
        self.held = held
        self.absent = absent
        self._wait = absent[0].begin() if len(absent) == 1 else None
        self._work = None if self._wait else parallel.Work(Upload.send, absent)

    def finish(self) -> None:
        wait, self._wait = self._wait, None
        if wait:
            wait()
        if self._work:
            with self._work:
                for _sent in self._work:
                    pass

    def abandon(self) -> None:
        """Wait until nothing is on its way any more."""
        if self._work:
            self._work.end()
        with suppress(Exception):  # nobody wants it, and it may have failed already
            self.finish()


class Uploads:
    """The uploads of one transaction.

    :param cursor: of the transaction
    :param beside: another connection
    """

    def __init__(self, cursor: Any, beside: Beside) -> None:
        self._cursor = cursor
        self._beside = beside
        self._collecting = 0
        self._waiting: dict[tuple[str, str], Upload] = {}
        self._waiting_bytes = 0
        self._going: list[_Going] = []
        # what is in the store -> the number of its lock
        self._locked: dict[Any, int] = {}
        self._last_number = 0
        self._hooked: dict[tuple[str, str], str] = {}
        # names that rows of this transaction may have, and those that perhaps no row has
        self._sent: dict[str, None] = {}
        self._unseen: set[str] = set()
        self._in_vain: set[str] = set()
        # where core's checksums were placed: a name, or False for the database
        self.placed: dict[str, Any] = {}

    def __deepcopy__(self, _memo: Any) -> "Uploads":
        """Return what has happened until now, of the same transaction.

        Odoo's test cases copy a cursor's memory before each test, and put it back after it.
        """
        twin = copy.copy(self)
        twin.__dict__.update(
            {name: value.copy() for name, value in vars(self).items() if hasattr(value, "copy")}
        )
        return twin

    @classmethod
    def of(cls, cursor: Any, registry: Any) -> "Uploads":
        """Return the uploads of the cursor's transaction."""
        memory = cursor.postrollback.data
        if MEMORY not in memory:
            memory[MEMORY] = uploads = cls(cursor, Beside(registry))
            cursor.postrollback.add(uploads._rolled_back)
            cursor.postcommit.add(uploads._committed)
        found: Uploads = memory[MEMORY]
        return found

    @staticmethod
    def waiting_content(cursor: Any, fname: str) -> bytes | None:
        """Return the content of an object that is about to be uploaded."""
        uploads: Uploads | None = cursor.postrollback.data.get(MEMORY)
        if uploads is None:
            return None
        going = (upload for going in uploads._going for upload in going.uploads)
        for upload in (*uploads._waiting.values(), *going):
            if upload.fname == fname:
                return upload.content.whole()
        return None

    @contextmanager
    def together(self) -> Iterator[Callable[[], None]]:
        """Let what is added within go on until the function that this gives is called.

        An error ends it, and forgets what was added. Such blocks may be nested: each waits for
        its own, and fails by itself.
        """
        self._begin()  # what waits is of the block around
        outer = len(self._going)
        self._collecting += 1
        try:
            yield lambda: self._finish(outer)
        except BaseException:
            self._abandon(outer)  # nobody will have a row
            raise
        finally:
            self._collecting -= 1

    def add(self, upload: Upload) -> None:
        """Have an object uploaded: now, or until the end of ``together()``."""
        if upload.identity not in self._waiting:
            self._waiting[upload.identity] = upload
            self._waiting_bytes += upload.content.size
        if not self._collecting or self._waiting_bytes > WAITING_BYTES:
            self._finish(0)
        elif not self._going:
            self._begin()  # one is seldom followed by others; where it is, they go together

    def _begin(self) -> None:
        """Begin to upload what waits, unless this transaction has it in the store already."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, {}, 0
        if not waiting:
            return
        held = self._lock({shard_of(upload.key) for upload in waiting.values()})
        there = {upload.identity for going in self._going for upload in going.uploads}
        there.update(self._locked)
        new = [upload for upload in waiting.values() if upload.identity not in there]
        absent = [u for u in new if not recently_seen.is_there(u.identity, held.collections)]
        self._note([upload.fname for upload in absent])
        self._going.append(_Going(new, held, absent))

    def _finish(self, first: int) -> None:
        """Wait until all uploads are in the store, from the first one on that is told.

        :raises StoreError: one is not; rows that name it must go
        """
        self._begin()
        try:
            while len(self._going) > first:
                going = self._going[first]
                going.finish()
                # not a key that the context chose: it may get other content in between
                kept = [u.identity for u in going.uploads if is_owned(u.key)]
                recently_seen.add(kept, going.held.collections)
                self._locked.update(dict.fromkeys(kept, going.held.number))
                del self._going[first]
        except BaseException:
            self._abandon(first)
            raise

    def _abandon(self, first: int) -> None:
        self._waiting, self._waiting_bytes = {}, 0
        abandoned, self._going = self._going[first:], self._going[:first]
        for going in abandoned:
            # a mark must not come before its object: collection would find nothing to delete
            going.abandon()
            self._in_vain.update(upload.fname for upload in going.absent)

    def by_hook(self, key: str, sha256: str, write: Callable[[], str]) -> str:
        """Do what ``send`` does for a store that only says afterwards what it calls an object."""
        number = self._lock({shard_of(key)}).number
        if (key, sha256) in self._locked:
            return self._hooked[key, sha256]
        fname = write()
        self._note([fname])
        if is_owned(key):
            self._hooked[key, sha256] = fname
            self._locked[key, sha256] = number
        return fname

    def _lock(self, shards: Iterable[int]) -> Held:
        held = lock_shared(self._cursor, shards)
        if held.number <= self._last_number:
            # these came after a savepoint to which the transaction was rolled back
            self._locked = {name: n for name, n in self._locked.items() if n < held.number}
        self._last_number = held.number
        return held

    def _note(self, names: list[str]) -> None:
        """Take note of names before they are objects: a failure may leave some."""
        self._sent.update(dict.fromkeys(names))
        self._unseen.update(names)
        # Odoo runs this before a savepoint and before the commit, and forgets it when
        # it rolls back to a savepoint
        self._cursor.precommit.add(partial(self._unseen.difference_update, names))

    def _rolled_back(self) -> None:
        if self._sent:
            self._beside.mark(list(self._sent))

    def _committed(self) -> None:
        if left_over := self._unseen | self._in_vain:
            self._beside.mark(list(left_over))
