"""An object store: a few verbs that accept a key, never a record.

One store is one bucket (S3) or container (Swift). A backend implements the verbs of
``backend.py``, and passes the tests in ``tests/contracts/store.py``::

    caller ── put, open, read, head, delete_many, list
              └── measured, contact                             here, once for all backends
                  └── _put, _open, _head, _delete_batch, _page  a backend's requests
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from .backend import Backend, PutRequest
from .content import Content
from .errors import NotFound, OutOfRange, Refused, StoreError, Unavailable
from .instrumentation import Measured, Unmeasured, unguarded
from .objects import ObjectInfo, ObjectReader

Source = Content | bytes | BinaryIO
LockKey = Callable[[str], AbstractContextManager[bool]]
OCTETS = "application/octet-stream"
BEGIN_LIMIT = 64 * 1024  # bytes that the system accepts at once, without waiting for the server
PROBE = "probe"  # a key that no content has

Measure = Callable[[str, str], AbstractContextManager[Measured]]


class ObjectStore(Backend):
    """One bucket or container."""

    # see instrument()
    measured: Measure = Unmeasured
    contact: Callable[["ObjectStore", int, bool], AbstractContextManager[None]] = unguarded

    @staticmethod
    def instrument(
        measured: Measure,
        contact: Callable[["ObjectStore", int, bool], AbstractContextManager[None]],
    ) -> None:
        """Enclose the operations and the requests of every store; this package needs no other.

        :param measured: ``measured(verb, backend)`` encloses an operation, and counts it
        :param contact: ``contact(store, sent_bytes, continues)`` encloses a request, and raises
            ``Unavailable`` where the server is known to be unavailable; ``continues`` is true
            for the rest of an answer
        """
        ObjectStore.measured = measured
        ObjectStore.contact = contact

    def answers(self) -> bool:
        """Return True if the server gives any answer to a small request; not guarded."""
        try:
            self._impatient()._head(PROBE)
        except StoreError as error:  # most often that there is no such object
            return not isinstance(error, Unavailable)
        return True

    def put(
        self,
        key: str,
        content: Source,
        md5: str | None = None,
        content_type: str = OCTETS,
    ) -> None:
        """Store ``content`` completely or not at all; the store compares it with its checksum.

        :param content: a ``Content``, bytes, or a seekable file, which is read in parts from its
            position to its end
        :param md5: of bytes or a file, hexadecimal; computed by default. Every S3 and Swift
            server checks an MD5; it guards against accidents, not against attackers.
        :raises Integrity: if other bytes arrived; nothing is stored
        """
        self._store(self._put, key, content, md5, content_type)

    def put_new(
        self,
        key: str,
        content: Source,
        md5: str | None = None,
        content_type: str = OCTETS,
    ) -> None:
        """Store ``content`` like ``put()``, but only if there is no object under the key.

        :raises Conflict: there is an object; it is as it was
        """
        self._store(self._put_new, key, content, md5, content_type)

    def begin_put(
        self, key: str, content: Source, md5: str | None = None, content_type: str = OCTETS
    ) -> "PendingPut | None":
        """Begin to store small content, and return an object that waits until it is stored.

        Call its ``wait()`` in any case. None if the backend cannot continue before the response,
        or the content is larger: then nothing has begun.
        """
        whole = content if isinstance(content, Content) else Content(content, md5)
        if whole.size > BEGIN_LIMIT or not self._can_begin_put():
            return None
        with ExitStack() as stack:
            stack.enter_context(ObjectStore.measured("put", self.backend)).bytes = whole.size
            stack.enter_context(self._found())
            with ObjectStore.contact(self, whole.size, False):
                request = self._begin_put(key, whole, content_type or OCTETS)
            return PendingPut(self, request, stack.pop_all())

    def open(self, key: str, start: int = 0, length: int | None = None) -> ObjectReader:
        """Return a reader of the object, or of ``length`` bytes from ``start`` on.

        The first chunk has arrived: a store that fails at once fails here.

        A length beyond the end gives what there is.

        :raises OutOfRange: when ``start`` is behind the last byte of an object
        """
        with ObjectStore.measured("read", self.backend) as operation:
            reader = self._open_range(key, start, length)
            operation.bytes = reader.size
        return reader

    def read(self, key: str) -> bytes:  # pylint: disable=method-required-super
        """Return all bytes of an object."""
        with self._measured("read") as operation, self._open_range(key, 0, None) as reader:
            operation.bytes = reader.size
            return reader.read()

    def head(self, key: str) -> ObjectInfo:
        """Return size, type and checksum of an object, without its bytes."""
        with self._measured("head"), self._contact():
            return self._head(key)

    def exists(self, key: str) -> bool:
        """Return True if the object exists."""
        try:
            self.head(key)
        except NotFound:
            return False
        return True

    def delete_many(self, keys: Iterable[str]) -> dict[str, StoreError]:
        """Delete objects and return an error for each that was not deleted.

        An object that does not exist counts as deleted. One request is sent for each
        ``delete_limit`` of them; an object that needs another one is ``Unfinished``.
        """
        pending = list(dict.fromkeys(keys))
        failures: dict[str, StoreError] = {}
        for at in range(0, len(pending), self.delete_limit):
            with self._measured("delete"), self._found(), self._contact():
                failures.update(self._delete_batch(pending[at : at + self.delete_limit]))
        return failures

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """Yield every object whose key starts with ``prefix``, ordered by key.

        :param start_after: leave out keys up to this one
        """
        with self._measured("list"), self._found(), self._contact():
            page, after = self._first_page(prefix, start_after)
        while True:
            yield from (info for info in page if info.key > start_after)
            if after is None:
                return
            with self._measured("list"), self._found(), self._contact():
                page, after = self._page(prefix, after)

    def discard_unfinished(
        self, prefix: str, before: datetime, lock: LockKey, dry_run: bool = False
    ) -> int:
        """Remove the parts of uploads that have never ended; return the number of uploads.

        :param prefix: of their keys
        :param before: uploads that began later are left alone
        :param lock: encloses the removal for a key; gives False if the key may be in use
        """
        return 0

    def create_container(self) -> None:
        """Create the bucket or container; it may exist already if it is ours.

        A key that may only use it, and create none, gets no error for one that is there.
        """
        with self._contact():
            self._create_container()

    def has_container(self) -> bool:
        """Return True if the container exists and may be listed; asks the store."""
        try:
            # unlike a read, a listing distinguishes a missing container from a missing object
            next(self.list("none has this prefix"), None)
        except (NotFound, Refused):
            return False
        return True

    def presign(
        self,
        key: str,
        seconds: int,
        content_type: str | None = None,
        disposition: str = "",
        public: bool = False,
    ) -> str | None:
        """Return a URL that gives the object to anyone for some seconds; sends nothing.

        :param content_type: of the answer, where ``presigns_content_type``; else the stored one
        :param disposition: the Content-Disposition of the answer
        :param public: at the address for browsers, where the settings name one
        :return: None where the store has no such URLs
        """
        return None

    def _store(
        self,
        put: Callable[[str, Content, str], None],
        key: str,
        source: Source,
        md5: str | None,
        kind: str,
    ) -> None:
        content = source if isinstance(source, Content) else Content(source, md5)
        with self._measured("put") as operation, self._found(), self._contact(content.size):
            operation.bytes = content.size
            put(key, content, kind or OCTETS)

    def _open_range(self, key: str, start: int, length: int | None) -> ObjectReader:
        if length == 0:
            return ObjectReader([], 0)
        try:
            with ObjectStore.contact(self, 0, False):
                reader = self._open(key, start, length)
                if start or length is not None:
                    reader = reader.part(key, start, length)
                reader.begin(self._further)
            return reader
        except OutOfRange:
            if start:
                raise
            return ObjectReader([], 0)  # an empty object has no first byte either

    def _further(self) -> AbstractContextManager[None]:
        return self._contact(continues=True)

    @contextmanager
    def _found(self) -> Iterator[None]:
        """Enclose what needs no object: only the container can be missing."""
        try:
            yield
        except NotFound as error:
            raise Refused(f"there is no container {self.container!r}") from error

    def _measured(self, verb: str) -> AbstractContextManager[Measured]:
        return ObjectStore.measured(verb, self.backend)

    def _contact(self, size: int = 0, continues: bool = False) -> AbstractContextManager[None]:
        return ObjectStore.contact(self, size, continues)


@dataclass(frozen=True)
class PendingPut:
    """A small object that was sent.

    ``request`` is of the backend. ``operation`` has begun, and ends with the put.
    """

    store: ObjectStore
    request: PutRequest
    operation: ExitStack

    def wait(self) -> None:
        """Return when the object is stored; raises the same errors as ``put()``."""
        with self.operation, ObjectStore.contact(self.store, 0, False):
            self.request.wait()
