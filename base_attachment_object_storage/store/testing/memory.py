"""A store in the memory of this process.

It proves the contract suite itself, and tests the addons above it without a server. No
deployment can choose it, because its objects are lost with the process.
"""

import hashlib

from ..base import ObjectStore
from ..content import CHUNK_SIZE, Content
from ..errors import Conflict, Integrity, NotFound, OutOfRange, Refused, StoreError
from ..objects import ObjectInfo, ObjectReader


class MemoryStore(ObjectStore):
    """A container in ``containers``, which represents the server and may be shared by stores."""

    backend = "memory"

    def __init__(
        self, container: str, containers: dict[str, dict[str, bytes]] | None = None
    ) -> None:
        self.container = container
        self._containers = {} if containers is None else containers

    def _create_container(self) -> None:
        self._containers.setdefault(self.container, {})

    def _put(self, key: str, content: Content, content_type: str) -> None:
        self._objects()[key] = self._checked(key, content)

    def _put_new(self, key: str, content: Content, content_type: str) -> None:
        new = self._checked(key, content)
        if self._objects().setdefault(key, new) is not new:
            raise Conflict(f"there is an object {key!r} already")

    def _checked(self, key: str, content: Content) -> bytes:
        self._objects()
        stored = bytes(content.part(0, content.size))
        if content.md5 != hashlib.md5(stored, usedforsecurity=False).digest():
            raise Integrity(f"the checksum of {key!r} does not match")
        return stored

    def _open(self, key: str, start: int, length: int | None) -> ObjectReader:
        content = self._content(key)
        if (start or length) and start >= len(content):
            raise OutOfRange(f"{key!r} has only {len(content)} bytes")
        part = content[start : None if length is None else start + length]
        chunks = (part[at : at + CHUNK_SIZE] for at in range(0, len(part), CHUNK_SIZE))
        return ObjectReader(chunks, len(part), total=len(content))

    def _head(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self._content(key)))

    def _delete_batch(self, keys: list[str]) -> dict[str, StoreError]:
        objects = self._objects()
        for key in keys:
            objects.pop(key, None)
        return {}

    def _page(self, prefix: str, after: str | None) -> tuple[list[ObjectInfo], str | None]:
        found = sorted(self._objects().items())
        return [
            ObjectInfo(key, len(stored)) for key, stored in found if key.startswith(prefix)
        ], None

    def _objects(self) -> dict[str, bytes]:
        try:
            return self._containers[self.container]
        except KeyError:
            raise Refused(f"there is no container {self.container!r}") from None

    def _content(self, key: str) -> bytes:
        try:
            return self._objects()[key]
        except KeyError:
            raise NotFound(f"no object {key!r} in {self.container!r}") from None
