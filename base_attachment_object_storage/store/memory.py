"""A store in this process's memory.

It is there to prove the contract suite itself and to test the addons above it without a
server. No deployment can choose it: its objects die with the process.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .errors import Integrity, NotFound, Refused, StoreError
from .protocol import CHUNK_SIZE, OCTETS, ObjectInfo, ObjectReader, ObjectStore


class MemoryStore(ObjectStore):
    """A container in ``containers``, which plays the server and may be shared by stores."""

    def __init__(
        self, container: str, containers: dict[str, dict[str, bytes]] | None = None
    ) -> None:
        self.container = container
        self._containers = {} if containers is None else containers

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        md5: str | None = None,
        content_type: str = OCTETS,
    ) -> None:
        objects = self._objects()
        content = content if isinstance(content, bytes) else content.read()
        if md5 and md5 != hashlib.md5(content, usedforsecurity=False).hexdigest():
            raise Integrity(f"the checksum of {key!r} does not match")
        objects[key] = content

    def open(self, key: str, start: int = 0, length: int | None = None) -> ObjectReader:
        content = self._content(key)
        if start and start >= len(content):
            raise Refused(f"{key!r} has only {len(content)} bytes")
        part = content[start : None if length is None else start + length]
        chunks = (part[at : at + CHUNK_SIZE] for at in range(0, len(part), CHUNK_SIZE))
        return ObjectReader(chunks, len(part), close=lambda: None)

    def head(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self._content(key)))

    def delete_many(self, keys: Iterable[str]) -> dict[str, StoreError]:
        objects = self._objects()
        for key in keys:
            objects.pop(key, None)
        return {}

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for key, content in sorted(self._objects().items()):
            if key.startswith(prefix):
                yield ObjectInfo(key, len(content))

    def create_container(self) -> None:
        self._containers.setdefault(self.container, {})

    def _objects(self) -> dict[str, bytes]:
        try:
            return self._containers[self.container]
        except KeyError:
            raise NotFound(f"no container {self.container!r}") from None

    def _content(self, key: str) -> bytes:
        try:
            return self._objects()[key]
        except KeyError:
            raise NotFound(f"no object {key!r} in {self.container!r}") from None
