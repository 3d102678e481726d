"""The rules F1 to F7 for a remote store; ``cloud_platform_s3`` and ``_swift`` fill in names.

They apply to a database with a kind of platform: without it, the place of its attachments has not
been decided.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from odoo.addons.base_attachment_object_storage.ownership.keys import owned_key
from odoo.addons.base_attachment_object_storage.ownership.owner import (
    PARAMETER as OWNER_PARAMETER,
    Owner,
    Standing,
    standing,
)
from odoo.addons.base_attachment_object_storage.store import Integrity, NotFound, ObjectStore

from .inputs import Database, Facts, environment_of, named_environment
from .registry import running_environment
from .report import ERROR, WARNING, Check, Verdict

REMOTE_BY_DEFAULT = frozenset({"prod", "integration", "labs"})
NOT_PRODUCTION = frozenset({"integration", "labs", "test", "dev"})
# a prefix that no key has
NO_KEY = "probe"
PROBE_BYTES = 16


@dataclass(frozen=True)
class RemoteStore:
    """The names and variables of a store, and the rules about it.

    ``kinds`` are the platforms that use it, ``location`` its ``ir_attachment.location``,
    ``missing`` gives the variables of the credentials that are not set, ``probe`` is the
    name under which its probe is registered.
    """

    label: str
    location: str
    kinds: frozenset[str]
    container: str
    unstructured: str
    missing: Callable[[Facts], Iterable[str]]
    probe: str

    def is_expected(self, facts: Facts) -> bool:
        """Return True if the platform of the database uses this store."""
        return facts.kind in self.kinds

    def is_used(self, facts: Facts) -> bool:
        """Return True if new attachments of a database with a platform go to this store."""
        return bool(facts.kind) and facts.location == self.location

    def named_environment(self, facts: Facts) -> tuple[str, str]:
        """Return the container's name and the environment in it; empty where not to judge."""
        if not self.is_used(facts) or facts.flag(self.unstructured):
            return "", ""
        name = facts.text(self.container)
        if facts.database:
            name = name.replace("{db}", facts.database.name)
        return name, named_environment(name)

    # the rules; each returns a Verdict

    def is_not_used(self, facts: Facts) -> Verdict:
        return self.is_expected(facts) and not self.is_used(facts)

    def has_no_credentials(self, facts: Facts) -> Verdict:
        return self.is_used(facts) and [{"name": name} for name in self.missing(facts)]

    def has_no_container(self, facts: Facts) -> Verdict:
        return self.is_used(facts) and not facts.is_set(self.container)

    def is_not_productions(self, facts: Facts) -> Verdict:
        name, environment = self.named_environment(facts)
        return bool(name) and environment != "prod" and {"name": name}

    def is_productions(self, facts: Facts) -> Verdict:
        name, environment = self.named_environment(facts)
        return environment == "prod" and {"name": name}

    def is_of_another_environment(self, facts: Facts) -> Verdict:
        name, environment = self.named_environment(facts)
        owner = environment_of(environment)
        # production's is an error already
        return owner not in ("", "prod", facts.environment) and {"name": name}

    def is_local_in_test(self, facts: Facts) -> Verdict:
        return self.is_expected(facts) and facts.location not in (self.location, "db")

    def is_unusual(self, facts: Facts) -> Verdict:
        usual = self.location if facts.environment in REMOTE_BY_DEFAULT else "db"
        if not self.is_expected(facts) or facts.location == usual:
            return None
        return {"place": facts.location, "usual": usual}

    def standing(self, facts: Facts) -> Standing | None:
        """Return the relation of the database to its objects; None without a store."""
        if facts.database is None or not self.is_used(facts) or not facts.text(self.container):
            return None
        container = facts.text(self.container).replace("{db}", facts.database.name)
        present = self.present_owner(facts.database, facts.environment_name, container)
        return standing(facts.database.parameters.get(OWNER_PARAMETER), present)

    def present_owner(self, database: Database, environment: str, container: str) -> Owner:
        """Return the database as an owner, from its present values instead of its record."""
        given = database.parameters
        return Owner.present(
            given.get(OWNER_PARAMETER),
            uuid=given.get("database.uuid", ""),
            database=database.name,
            environment=environment,
            scheme=self.location,
            container=container,
            server=database.server,
        )

    def ask(self, store: ObjectStore, database: Database, may_write: bool) -> None:
        """Try the operations of requests on an object that does not belong to an attachment.

        Only an owner of objects writes it: a copy must not change its original's container.

        :raises StoreError: the error of the store
        """
        present = self.present_owner(database, running_environment(), store.container)
        record = database.parameters.get(OWNER_PARAMETER)
        what = standing(record, present)
        if may_write and what in (Standing.OWNER, Standing.FORK):
            _write_and_read(store, present.prefix)
            return
        owner = Owner.parse(record)
        # not found: the object, or the container? the listing says which
        with suppress(NotFound):
            if owner:
                store.read(owner.claim_key)
                return
        next(store.list(NO_KEY), None)

    def is_not_owned(self, facts: Facts) -> Verdict:
        return self.standing(facts) is Standing.UNKNOWN

    def is_not_the_owner(self, facts: Facts) -> Verdict:
        if facts.database is None or self.standing(facts) is not Standing.COPY:
            return None
        owner = Owner.parse(facts.database.parameters.get(OWNER_PARAMETER))
        what = f"database '{owner.database}', {owner.environment}" if owner else "nobody"
        where = f"{owner.scheme}://{owner.container}" if owner else "no store"
        return {"owner": f"{what}, {where}", "name": facts.database.name}

    def refuses(self, facts: Facts) -> Verdict:
        answer = facts.probes.get(self.probe, "")
        return bool(answer) and not answer.startswith("Unavailable") and {"answer": answer}

    def does_not_answer(self, facts: Facts) -> Verdict:
        answer = facts.probes.get(self.probe, "")
        return answer.startswith("Unavailable") and {"answer": answer}


def _write_and_read(store: ObjectStore, prefix: str) -> None:
    """Put, look up, read and delete an object of random content under its owned key.

    The content is random because several front-ends of a database probe at the same time: with a
    shared key, one would delete the object that another one is about to read. If the process ends
    before the deletion, reconcile marks the object like any other without a row.
    """
    content = os.urandom(PROBE_BYTES)
    key = owned_key(prefix, content)
    store.put(key, content)
    if store.head(key).size != len(content) or store.read(key) != content:
        raise Integrity(f"{key} differs from the stored content")
    for failure in store.delete_many([key]).values():
        raise failure


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
