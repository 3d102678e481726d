"""The body of an HTTP response whose bytes come from a store."""

import logging
from collections.abc import Iterator

from ..store import ObjectReader, StoreError

_logger = logging.getLogger(__name__)


def body_of(reader: ObjectReader, name: str) -> Iterator[bytes]:
    """Yield the bytes of a reader; cut the connection if the store fails in between.

    A store that fails at once gets a response with its own status (503), because a reader has its
    first chunk. After that only the connection can be cut: the client knows the length of the
    file from the headers, and notices that bytes are missing.

    :param name: of the object, for the log
    """
    try:
        yield from reader
    except StoreError as error:
        _logger.warning("%s: %s: %s; the response was cut off", name, type(error).__name__, error)
        # the only kind of error that servers treat as the end of a connection: they add
        # nothing to the bytes that were sent
        raise ConnectionAbortedError("the file storage failed") from None
