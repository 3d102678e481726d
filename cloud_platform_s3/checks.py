"""The platform's checks for attachments in S3."""

from collections.abc import Iterator

from odoo.addons.attachment_s3.settings import S3Settings
from odoo.addons.attachment_s3.store import S3Store
from odoo.addons.cloud_platform.checks import Database, Facts, register
from odoo.addons.cloud_platform.checks.remote_store import RemoteStore
from odoo.addons.cloud_platform.checks.storage import storage_checks

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def _missing(facts: Facts) -> Iterator[str]:
    if not facts.flag("AWS_DEFAULT_CREDENTIALS"):
        yield from (name for name in CREDENTIALS if not facts.is_set(name))


def _probe(database: Database, may_write: bool) -> None:
    settings = S3Settings.read()
    if database.kind and database.location == STORE.location and settings.bucket:
        store = S3Store(settings, settings.bucket_for(database.name))
        STORE.ask(store, database, may_write)


STORE = RemoteStore(
    label="S3",
    location="s3",
    # "exoscale" is the former name of the platform
    kinds=frozenset({"s3", "exoscale"}),
    container="AWS_BUCKETNAME",
    unstructured="AWS_BUCKETNAME_UNSTRUCTURED",
    missing=_missing,
    probe="cloud_platform_s3",
)

register("cloud_platform_s3", storage_checks(STORE), settings=[S3Settings], probe=_probe)
