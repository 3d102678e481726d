"""The environment variables of attachment storage, whatever the store."""

import functools

from pydantic import Field, NonNegativeFloat

from odoo.addons.cloud_settings.settings import EnvironmentSettings, Flag

from .parallel import THREADS
from .store import Unavailable


class StorageSettings(EnvironmentSettings):
    """How attachments use their store."""

    disabled: Flag = Field(
        default=False,
        alias="DISABLE_ATTACHMENT_STORAGE",
        description="1: the store is not touched, new files go to the database",
    )

    retention_days: NonNegativeFloat = Field(
        default=30,
        alias="ATTACHMENT_RETENTION_DAYS",
        description="days for which the object of a deleted file is kept; 0: until the next "
        "collection. It has to cover the oldest backup that anybody will restore",
    )

    move_threads: int = Field(
        default=16,
        ge=1,
        le=THREADS,
        alias="ATTACHMENT_MOVE_THREADS",
        description="files that a move between storages sends at the same time, 16 at most",
    )

    def require_enabled(self) -> None:
        """Raise ``Unavailable`` where the store must not be touched."""
        if self.disabled:
            raise Unavailable("the storage is switched off by DISABLE_ATTACHMENT_STORAGE")


@functools.cache
def storage_settings() -> StorageSettings:
    """Return the settings of this process, which are read once, when first needed."""
    return StorageSettings.read()
