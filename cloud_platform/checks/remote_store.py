"""A remote store of a platform: its names, the verdicts of its rules, and its probe."""

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
from odoo.addons.base_attachment_object_storage.store.base import PROBE

from .inputs import Database, Facts, environment_of, named_environment
from .registry import running_environment
from .report import Verdict

REMOTE_BY_DEFAULT = frozenset({"prod", "integration", "labs"})
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
        """Return True if the platform uses the store and new attachments go elsewhere."""
        return self.is_expected(facts) and not self.is_used(facts)

    def has_no_credentials(self, facts: Facts) -> Verdict:
        """Return a finding for each variable of the credentials that is not set."""
        return self.is_used(facts) and [{"name": name} for name in self.missing(facts)]

    def has_no_container(self, facts: Facts) -> Verdict:
        """Return True if the store is used and its container has no name."""
        return self.is_used(facts) and not facts.is_set(self.container)

    def is_not_productions(self, facts: Facts) -> Verdict:
        """Return a finding if the name of the container is not a name of production."""
        name, environment = self.named_environment(facts)
        return bool(name) and environment != "prod" and {"name": name}

    def is_productions(self, facts: Facts) -> Verdict:
        """Return a finding if the name of the container is a name of production."""
        name, environment = self.named_environment(facts)
        return environment == "prod" and {"name": name}

    def is_of_another_environment(self, facts: Facts) -> Verdict:
        """Return a finding if the container is named for an environment that is not this one."""
        name, environment = self.named_environment(facts)
        owner = environment_of(environment)
        # production's is an error already
        return owner not in ("", "prod", facts.environment) and {"name": name}

    def is_local_in_test(self, facts: Facts) -> Verdict:
        """Return True if a test instance stores files elsewhere than in the store or database."""
        return self.is_expected(facts) and facts.location not in (self.location, "db")

    def is_unusual(self, facts: Facts) -> Verdict:
        """Return a finding if attachments are not in the usual place for this environment."""
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
        next(store.list(PROBE), None)

    def is_not_owned(self, facts: Facts) -> Verdict:
        """Return True if no database owns the stored files."""
        return self.standing(facts) is Standing.UNKNOWN

    def is_not_the_owner(self, facts: Facts) -> Verdict:
        """Return a finding if another database owns the stored files."""
        if facts.database is None or self.standing(facts) is not Standing.COPY:
            return None
        owner = Owner.parse(facts.database.parameters.get(OWNER_PARAMETER))
        what = f"database '{owner.database}', {owner.environment}" if owner else "nobody"
        where = f"{owner.scheme}://{owner.container}" if owner else "no store"
        return {"owner": f"{what}, {where}", "name": facts.database.name}

    def refuses(self, facts: Facts) -> Verdict:
        """Return a finding if the store refused the probe."""
        answer = facts.probes.get(self.probe, "")
        return bool(answer) and not answer.startswith("Unavailable") and {"answer": answer}

    def does_not_answer(self, facts: Facts) -> Verdict:
        """Return a finding if the store did not answer the probe."""
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
