"""The requests of one kind of server: a backend implements the underscored verbs.

They raise only the errors of ``errors.py``, and touch neither metrics nor the guard.
"""

from abc import ABC, abstractmethod
from typing import Protocol

from .content import Content
from .errors import Conflict, NotFound, StoreError
from .objects import ObjectInfo, ObjectReader, Page

DELETE_LIMIT = 1000  # keys in one bulk request, like S3


class PutRequest(Protocol):
    """A request that was sent, and whose response is not read yet."""

    def wait(self) -> None:
        """Return when the object is stored."""


class Backend(ABC):
    """The requests for the objects of one bucket or container."""

    backend: str
    container: str

    # True if presign() can decide the Content-Type of the response
    presigns_content_type = False

    @property
    def endpoint(self) -> str:
        """A name of the server and the credentials; empty if there is no server."""
        return ""

    @property
    def delete_limit(self) -> int:
        """The number of objects that one request deletes, or that are deleted in parallel."""
        return DELETE_LIMIT

    def _impatient(self) -> "Backend":
        """Return the same store with one short try a request."""
        return self

    def _create_container(self) -> None:
        """Create the bucket or container, unless it is there."""
        raise NotImplementedError

    @abstractmethod
    def _put(self, key: str, content: Content, content_type: str) -> None:
        """Store ``content``."""

    def _put_new(self, key: str, content: Content, content_type: str) -> None:
        """Store ``content`` in a way that replaces no object.

        For a backend without conditional requests: another client may store between the two.
        """
        self._require_free(key)
        self._put(key, content, content_type)

    def _require_free(self, key: str) -> None:
        try:
            self._head(key)
        except NotFound:
            return
        raise Conflict(f"there is an object {key!r} already")

    def _can_begin_put(self) -> bool:
        """Return True if ``_begin_put()`` may be called."""
        return False

    def _begin_put(self, key: str, content: Content, content_type: str) -> PutRequest:
        """Send a request that stores an object, and return it."""
        raise NotImplementedError

    @abstractmethod
    def _open(self, key: str, start: int, length: int | None) -> ObjectReader:
        """Return a reader; ``length`` is None or at least 1.

        :raises OutOfRange: also for a range of an empty object
        """

    @abstractmethod
    def _head(self, key: str) -> ObjectInfo:
        """Return the description of an object."""

    @abstractmethod
    def _delete_batch(self, keys: list[str]) -> dict[str, StoreError]:
        """Delete at most ``DELETE_LIMIT`` objects."""

    @abstractmethod
    def _page(self, prefix: str, after: str | None) -> Page:
        """Return the objects that follow ``after``, a value of the page before."""

    def _first_page(self, prefix: str, start_after: str) -> Page:
        """Return the first objects; it may, but need not, leave out those up to a key."""
        return self._page(prefix, None)
