"""The rules F1 to F7 for a remote store; ``cloud_platform_s3`` and ``_swift`` fill in names.

They apply to a database with a kind of platform: without it, the place of its attachments has not
been decided.
"""

from odoo.addons.base_attachment_object_storage.ownership.owner import (
    PARAMETER as OWNER_PARAMETER,
)

from .remote_store import REMOTE_BY_DEFAULT, RemoteStore
from .report import ERROR, WARNING, Check

NOT_PRODUCTION = frozenset({"integration", "labs", "test", "dev"})


def storage_checks(store: RemoteStore) -> list[Check]:
    """Return the rules for a store."""
    return [
        *_rules_of_use(store),
        *_rules_of_names(store),
        *_rules_of_owners(store),
        *_probes(store),
    ]


def _rules_of_use(store: RemoteStore) -> list[Check]:
    return [
        Check(
            id="F1",
            level=ERROR,
            variable="ir_attachment.location",
            message=f"{store.label} must be used on production and integration instances."
            f" It is activated by setting 'ir_attachment.location' to '{store.location}'."
            " The 'install()' function sets this option automatically.",
            broken=store.is_not_used,
            environments=frozenset({"prod", "integration"}),
            needs_database=True,
        ),
        Check(
            id="F2",
            level=ERROR,
            message="%(name)s environment variable is required when ir_attachment.location is"
            f" '{store.location}'.",
            broken=store.has_no_credentials,
            needs_database=True,
        ),
        Check(
            id="F7",
            level=ERROR,
            variable="ir_attachment.location",
            message="In test instances, files must be stored in the database with"
            " 'ir_attachment.location' set to 'db'."
            " This is automatically set by the function 'install()'.",
            broken=store.is_local_in_test,
            environments=frozenset({"test"}),
            needs_database=True,
        ),
        Check(
            id="location",
            level=WARNING,
            variable="ir_attachment.location",
            message="Attachments go to '%(place)s'; in this environment '%(usual)s' is usual.",
            hint="The 'install()' function sets 'ir_attachment.location'.",
            broken=store.is_unusual,
            # elsewhere F1 and F7 say so
            environments=frozenset({"labs", "dev"}),
            needs_database=True,
        ),
    ]


def _rules_of_names(store: RemoteStore) -> list[Check]:
    return [
        Check(
            id="F3",
            level=ERROR,
            variable=store.container,
            message=f"{store.container} environment variable is required when"
            f" ir_attachment.location is '{store.location}'.",
            hint=f"Normally, '{store.location}' is activated on labs, integration and production,"
            " but should not be used in dev environment (or using a dedicated dev bucket, never"
            " using the integration/prod bucket). If you don't actually need a bucket, change"
            " the 'ir_attachment.location' parameter.",
            broken=store.has_no_container,
            environments=REMOTE_BY_DEFAULT,
            needs_database=True,
        ),
        Check(
            id="F5",
            level=ERROR,
            variable=store.container,
            message=f"{store.container} should match '<client>-odoo-prod', we got: '%(name)s'",
            hint=f"{store.unstructured}=1 allows any name.",
            broken=store.is_not_productions,
            environments=frozenset({"prod"}),
            needs_database=True,
        ),
        Check(
            id="F6",
            level=ERROR,
            variable=store.container,
            message=f"{store.container} should not match '<client>-odoo-prod', we got: '%(name)s'",
            hint="Only production may use its container.",
            broken=store.is_productions,
            environments=NOT_PRODUCTION,
            needs_database=True,
        ),
        Check(
            id="container-environment",
            level=WARNING,
            variable=store.container,
            message=f"{store.container} '%(name)s' is named for another environment.",
            hint=f"{store.unstructured}=1 allows any name.",
            broken=store.is_of_another_environment,
            environments=NOT_PRODUCTION,
            needs_database=True,
        ),
    ]


def _rules_of_owners(store: RemoteStore) -> list[Check]:
    # warnings: who copies a database wants to look at it, and it harms no one
    return [
        Check(
            id="not-owned",
            level=WARNING,
            variable=OWNER_PARAMETER,
            message="No database owns the stored files: those that are deleted stay for ever.",
            hint="The 'install()' function has this database own its files.",
            broken=store.is_not_owned,
            needs_database=True,
        ),
        Check(
            id="copy",
            level=WARNING,
            variable=OWNER_PARAMETER,
            message="This database reads stored files and writes none: their owner is %(owner)s.",
            hint="'odoo cloud_platform fork -d %(name)s' to make it independent,"
            " 'odoo cloud_platform adopt -d %(name)s' if the owner no longer exists,"
            " 'odoo cloud_platform install -d %(name)s' if its container alone has changed.",
            broken=store.is_not_the_owner,
            needs_database=True,
        ),
    ]


def _probes(store: RemoteStore) -> list[Check]:
    return [
        Check(
            id="store-refuses",
            level=ERROR,
            variable=store.container,
            message=f"{store.label} refused a probe: %(answer)s",
            hint="Check the credentials, their rights, and the name of the container; install()"
            " creates a container that is missing.",
            broken=store.refuses,
            needs_database=True,
        ),
        # a server that restarts while the store is down must not stay down as well
        Check(
            id="store-unavailable",
            level=WARNING,
            variable=store.container,
            message=f"{store.label} did not answer a probe: %(answer)s",
            hint="Files cannot be read or written until it does.",
            broken=store.does_not_answer,
            needs_database=True,
        ),
    ]
