"""The body of an HTTP answer: the bytes of an object, on their way from the store."""

import logging
from collections.abc import Iterator

from ..store import ObjectReader, StoreError

_logger = logging.getLogger(__name__)


class Body:
    """The bytes of a reader, whose first chunk is already here.

    So a store that fails at once is an answer of its own (503). One that fails later can
    only have the connection cut: the client has been told how long the file is, and sees
    that bytes are missing.

    :param name: of the object, for the log
    """

    def __init__(self, reader: ObjectReader, name: str) -> None:
        self._reader = reader
        self._name = name
        self._chunks = iter(reader)
        try:
            self._first = next(self._chunks, b"")
        except BaseException:
            reader.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        first, self._first = self._first, b""
        yield first
        del first
        try:
            yield from self._chunks
        except StoreError as error:
            _logger.warning(
                "%s: %s: %s; the answer was cut off", self._name, type(error).__name__, error
            )
            # the one kind of error that servers take for the end of a connection: they add
            # nothing to the bytes that are sent
            raise ConnectionAbortedError("the file storage failed") from None

    def close(self) -> None:
        """Let go of the connection to the store; the server calls this in any case."""
        self._reader.close()
