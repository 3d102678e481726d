"""The target of new content: the decisions about its place, made once for each operation."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..store import ObjectStore
from .placement import Placement


@dataclass(frozen=True)
class ObjectTarget:
    """The place of new objects: a store, and the prefix of the keys of this database.

    ``store`` is None if only the older hooks of an addon know the store. ``has_write_hook`` is
    True if an addon overrides ``_store_file_write``.
    """

    scheme: str
    store: ObjectStore | None
    owner: str
    has_write_hook: bool

    def name_of(self, key: str) -> str:
        """Return the name that rows have for an object."""
        container = self.store.container if self.store else ""
        return f"{self.scheme}://{container}/{key}"


@dataclass(frozen=True)
class StorageTarget:
    """The place of the new content of one ``create()``, ``write()`` or move.

    ``location`` is ``db``, ``file`` or the scheme of a store. The rest is decided with the first
    content that depends on it, so an error concerns this content only, and is kept afterwards.
    """

    location: str
    is_store: bool
    attachments: Any = field(repr=False, compare=False)

    @cached_property
    def placement(self) -> Placement:
        """The rule that keeps some content in the database.

        :raises ValidationError: if the system parameter is wrong
        """
        placement: Placement = self.attachments._placement()
        return placement

    @cached_property
    def objects(self) -> ObjectTarget:
        """The place of new objects.

        :raises Refused: if this database is a copy, which must not write to the store
        :raises ConfigurationError: if the settings name no container
        """
        target: ObjectTarget = self.attachments._object_target(self.location)
        return target
