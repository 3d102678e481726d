"""The object of one attachment, for a download: its bytes, its size, a URL."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..store import ObjectReader, ObjectStore
from .serving import PARAMETER

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredObject:
    """An object in an ``ObjectStore``; ``name`` is ``scheme://container/key``."""

    name: str
    store: ObjectStore
    key: str

    def open(self, start: int = 0, length: int | None = None) -> ObjectReader:
        """Return a reader of the object, or of ``length`` bytes from ``start`` on."""
        return self.store.open(self.key, start, length)

    def size(self) -> int:
        """Return the size in bytes; this is a request to the store."""
        return self.store.head(self.key).size

    def url(
        self,
        seconds: int,
        content_type: str | None = None,
        disposition: str = "",
        public: bool = False,
    ) -> str | None:
        """Return a URL that gives anyone access to the object for some seconds.

        None if the store signs no URLs, or its response would have another content type.

        :param public: use the address for browsers, if the settings have one
        """
        url = self.store.presign(self.key, seconds, content_type, disposition, public)
        if url is None:
            _warn_of_missing_urls(self.name.partition("://")[0])
        elif content_type and not self.store.presigns_content_type:
            # rows of different types may share an object
            stored = self.store.head(self.key).content_type
            return url if _essence(stored) == _essence(content_type) else None
        return url


@dataclass(frozen=True)
class HookedObject:
    """An object of an addon that has only the older hooks: ``read`` returns all its bytes."""

    name: str
    read: Callable[[], bytes | None]

    def open(self, start: int = 0, length: int | None = None) -> ObjectReader:
        """Return a reader of the object, or of ``length`` bytes from ``start`` on."""
        content = self.read() or b""
        part = content[start : None if length is None else start + length]
        return ObjectReader([part], len(part), total=len(content))

    def size(self) -> int:
        """Return the size in bytes."""
        return len(self.read() or b"")

    def url(self, *_args: object, **_kwargs: object) -> None:
        """Return None: the older hooks have no URLs."""


@functools.cache
def _warn_of_missing_urls(scheme: str) -> None:
    """Warn once per process, because the cause is a setting and not this download."""
    _logger.warning(
        "%s or ATTACHMENT_SERVING requires URLs of the store, but %s does not sign URLs (Swift "
        "needs SWIFT_TEMP_URL_KEY): Odoo sends the files instead",
        PARAMETER,
        scheme,
    )


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
