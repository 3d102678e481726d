"""The environment variables of attachment storage that all stores share."""

import functools

from pydantic import Field, NonNegativeFloat

from odoo.addons.cloud_base.exceptions import ConfigurationError
from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.settings import EnvironmentSettings, Flag

from .download.serving import Serving
from .garbage.marks import LONGEST_RETENTION_DAYS
from .store import Unavailable
from .store.threads import THREADS

LONGEST_URL_SECONDS = 7 * 24 * 3600  # S3 signs no longer ones


class StoreSettings(EnvironmentSettings):
    """The address of a store: a group that is switched off together with the storage."""

    @classmethod
    def problems(cls) -> list[Problem]:
        """Return the wrong variables; none while the storage is switched off."""
        return [] if _is_disabled() else super().problems()


class StorageSettings(EnvironmentSettings):
    """The use of the store: retention, moves, spilled files and downloads."""

    code = "STORAGE"

    disabled: Flag = Field(
        default=False,
        alias="DISABLE_ATTACHMENT_STORAGE",
        description="1: the store is not touched, new files go to the database",
    )

    retention_days: NonNegativeFloat = Field(
        default=30,
        le=LONGEST_RETENTION_DAYS,
        alias="ATTACHMENT_RETENTION_DAYS",
        description="days for which the object of a deleted file is kept; 0: until the next "
        "collection. It must cover the oldest backup that may be restored; 36500 at most",
    )

    move_threads: int = Field(
        default=16,
        ge=1,
        le=THREADS,
        alias="ATTACHMENT_MOVE_THREADS",
        description="files that a move between storages sends at the same time, 16 at most",
    )

    serving: Serving = Field(
        default=Serving.STREAM,
        alias="ATTACHMENT_SERVING",
        description="sender of a download's bytes, unless a system parameter names it: "
        "stream (Odoo), redirect (the store) or x-accel (nginx)",
    )

    url_seconds: int = Field(
        default=300,
        ge=1,
        le=LONGEST_URL_SECONDS,
        alias="ATTACHMENT_URL_SECONDS",
        description="seconds for which a URL of a redirect or for nginx is valid; default 300, "
        "604800 at most",
    )

    spill_max_mb: NonNegativeFloat = Field(
        default=64,
        alias="ATTACHMENT_SPILL_MAX_MB",
        description="MiB of new content that waits in the database while the store does not "
        "answer; larger content is an error then; 0: all content is",
    )

    spill_total_mb: NonNegativeFloat = Field(
        default=1024,
        alias="ATTACHMENT_SPILL_TOTAL_MB",
        description="MiB that wait in the database at most, all content together",
    )

    def require_enabled(self) -> None:
        """Raise ``Unavailable`` where the store must not be touched."""
        if self.disabled:
            raise Unavailable("the storage is switched off by DISABLE_ATTACHMENT_STORAGE")


def _is_disabled() -> bool:
    try:
        return StorageSettings.read().disabled
    except ConfigurationError:
        return False


@functools.cache
def storage_settings() -> StorageSettings:
    """Return the settings of this process, which are read once, when first needed."""
    return StorageSettings.read()
