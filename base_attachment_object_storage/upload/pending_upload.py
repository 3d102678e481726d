"""Objects that a transaction stores: one ``PendingUpload`` each, sent in batches.

::

    waiting ── begin ── sent ── stored      content is in memory until then
                          └──── failed      the error is kept, and the content too
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ..garbage.locks import SharedLock
from ..store import Content, ObjectStore, PendingPut, StoreError, Unavailable, threads
from .put import put_content, stored_type

LOST = float("inf")  # the number of a lock that was released


@dataclass
class PendingUpload:
    """A content and the object that it becomes; ``fname`` is the name that rows have for it.

    ``store`` is None where only an addon's hook knows the store; it has stored by then.
    """

    fname: str
    store: ObjectStore | None
    key: str
    content: Content | None
    mimetype: str = ""
    is_stored: bool = False
    error: Exception | None = None
    # of the lock under which it is stored, and the collections until then; see locks.SharedLock
    number: float = LOST
    collections: int = -1

    @property
    def is_settled(self) -> bool:
        """True once the object is stored, or an error has ended the upload."""
        return self.is_stored or self.error is not None

    @property
    def size(self) -> int:
        """The size in bytes; 0 after the content was released."""
        return self.content.size if self.content else 0

    def lock(self, locked: SharedLock) -> None:
        """Note that the lock of this object is held since a call of ``lock_shared()``."""
        self.number, self.collections = locked.number, locked.collections

    def send(self) -> None:
        """Store the content; called in any thread.

        :raises Unavailable: the others of the batch would only wait as long
        """
        store, content = self._store_and_content()
        try:
            put_content(store, self.key, content, self.mimetype)
        except Unavailable:
            raise
        except StoreError as error:
            self.error = error
        else:
            self.is_stored = True

    def begin(self) -> PendingPut | None:
        """Send small content without waiting for the answer; None if the store cannot."""
        store, content = self._store_and_content()
        if not isinstance(content.source, bytes):
            return None
        return store.begin_put(self.key, content, None, stored_type(self.mimetype))

    def _store_and_content(self) -> tuple[ObjectStore, Content]:
        if self.store is None or self.content is None:
            raise ValueError(f"{self.fname} was sent already")
        return self.store, self.content

    def fail(self, error: BaseException) -> None:
        """Note the error of its batch, unless the outcome is known."""
        if not self.is_settled:
            self.error = error if isinstance(error, Exception) else Unavailable("interrupted")

    def require_stored(self) -> None:
        """Raise unless it is stored: the error with which storing has failed."""
        if not self.is_stored:
            raise self.error or Unavailable(f"{self.fname} is not stored")


class UploadBatch:
    """Uploads that have begun, under locks that are held.

    A single small one needs no thread: its request is sent, its answer awaited in the end.
    """

    def __init__(self, uploads: Sequence[PendingUpload]) -> None:
        self.uploads = uploads
        self._put: PendingPut | None = None
        self._work: threads.BoundedMap[PendingUpload, None] | None = None
        try:
            if len(uploads) == 1:
                self._put = uploads[0].begin()
            if self._put is None:
                self._work = threads.BoundedMap(PendingUpload.send, uploads)
        except Exception as error:  # noqa: BLE001  # kept for the row that needs the object
            self._end(error)

    def finish(self, begin_more: bool = True) -> None:
        """Wait until each upload is stored or has failed; raises no error of the store.

        :param begin_more: False where those that have not begun need not begin any more
        """
        try:
            put, self._put = self._put, None
            if put:
                put.wait()
                self.uploads[0].is_stored = True
                return
            if self._work and begin_more:
                for _sent in self._work:
                    pass
        except Exception as error:  # noqa: BLE001  # kept for the row that needs the object
            self._end(error)
        except BaseException as error:
            self._end(error)
            raise
        else:
            self._end(InterruptedError("the transaction was rolled back"))

    def _end(self, error: BaseException) -> None:
        self._put = None
        if self._work:
            self._work.end()
        for upload in self.uploads:
            upload.fail(error)
