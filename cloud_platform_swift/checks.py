"""The platform's checks for attachments in Swift."""

from collections.abc import Iterator

from odoo.addons.attachment_swift.settings import SwiftSettings
from odoo.addons.attachment_swift.store import SwiftStore
from odoo.addons.cloud_platform.checks import Database, Facts, register
from odoo.addons.cloud_platform.checks.remote_store import RemoteStore
from odoo.addons.cloud_platform.checks.storage import storage_checks


def _missing(facts: Facts) -> Iterator[str]:
    names = ["SWIFT_AUTH_URL"]
    if not facts.is_set("SWIFT_APPLICATION_CREDENTIAL_ID"):
        names += ["SWIFT_ACCOUNT", "SWIFT_PASSWORD"]
    yield from (name for name in names if not facts.is_set(name))


def _probe(database: Database, may_write: bool) -> None:
    settings = SwiftSettings.read()
    if database.kind and database.location == STORE.location and settings.container:
        store = SwiftStore(settings, settings.container_for(database.name))
        STORE.ask(store, database, may_write)


STORE = RemoteStore(
    label="Swift",
    location="swift",
    # "ovh" is the former name of the platform
    kinds=frozenset({"swift", "ovh"}),
    container="SWIFT_WRITE_CONTAINER",
    unstructured="SWIFT_WRITE_CONTAINER_UNSTRUCTURED",
    missing=_missing,
    probe="cloud_platform_swift",
)

register("cloud_platform_swift", storage_checks(STORE), settings=[SwiftSettings], probe=_probe)
