"""The owner of objects: the database that may write them and delete them.

``database.uuid`` does not identify it: ``createdb -T``, ``pg_dump | psql`` and Odoo's restore
without "copy" keep the uuid, and staging databases are usually made in these ways. So the owner is
recorded twice by an ``Owner``: in the database (the record), and as an object beside the objects
that it owns (the claim). Both are compared with the present database::

    no record       the database may write, as keys are named by content; it never deletes
    record is right the database may write; it deletes where the claim is its own
    record is wrong the database is a copy: it only reads, until an operator decides: adopt (the
                    original is gone) or fork (the copy becomes independent)
    another uuid    Odoo has copied the database with a new uuid: it is a fork, which may write
                    into another container at once, and into its original's container when it
                    has been installed there

Copies with the same name are on different servers of PostgreSQL, so the server is a part of an
owner. For the same reason, copies of a database without a record have different prefixes. A server
that was copied by its files cannot be distinguished from its original.
"""

import functools
import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from .keys import claim_key

PARAMETER = "ir_attachment.storage.owner"

# the record of a neutralized copy, see data/neutralize.sql
NOBODY = "nobody"


class Standing(Enum):
    """The relation of a database to the objects under its prefix."""

    UNKNOWN = "unknown"
    OWNER = "owner"
    FORK = "fork"
    COPY = "copy"

    @property
    def may_write(self) -> bool:
        """True unless the database is an undeclared copy."""
        return self is not Standing.COPY


@dataclass(frozen=True)
class Owner:
    """A database as the owner of the objects whose keys begin with ``prefix/``.

    ``environment`` is the running environment, ``server`` what ``server_of()`` says, both
    blank if unknown.
    """

    prefix: str
    uuid: str
    database: str
    environment: str
    scheme: str
    container: str
    server: str = ""

    @classmethod
    def present(
        cls,
        record: str | None,
        uuid: str,
        database: str,
        environment: str,
        scheme: str,
        container: str,
        server: str = "",
    ) -> "Owner":
        """Return a database as an owner, from its present values instead of its record."""
        prefix = prefix_of(record, uuid, database, environment, server)
        return cls(prefix, uuid, database, environment, scheme, container, server)

    @staticmethod
    def require_record(text: str) -> None:
        """Raise ``ValueError`` unless a text is the record of an owner, or of none."""
        if text != NOBODY and Owner.parse(text) is None:
            raise ValueError("The commands install, fork and adopt write it")

    @classmethod
    @functools.lru_cache(maxsize=64)
    def parse(cls, text: str | bytes | None) -> "Owner | None":
        """Return the owner that a record or a claim names; None where it names none."""
        try:
            return cls(**json.loads(text or "{}"))
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        return json.dumps(self.as_dict(), sort_keys=True)

    def as_dict(self) -> dict[str, str]:
        """Return a JSON-able form."""
        return asdict(self)

    def name_of(self, key: str) -> str:
        """Return the name that rows have for an object in its container."""
        return f"{self.scheme}://{self.container}/{key}"

    @property
    def like(self) -> str:
        """The same as SQL's LIKE takes it; a store with older hooks has no container."""
        scheme, container, prefix = (
            re.sub(r"([%_\\])", r"\\\1", part)
            for part in (self.scheme, self.container, self.prefix)
        )
        return f"{scheme}://{container or '%'}/{prefix}/"

    @property
    def claim_key(self) -> str:
        """The key of its claim."""
        return claim_key(self.prefix)

    def is_same(self, other: "Owner") -> bool:
        """Return True if all fields are equal; a blank environment or server equals any."""
        if not (self.environment and other.environment):
            other = replace(other, environment=self.environment)
        if not (self.server and other.server):
            other = replace(other, server=self.server)
        return self == other


def prefix_of(record: str | None, uuid: str, *place: str) -> str:
    """Return the first part of the keys of a database's objects.

    :param place: what else there is to tell copies from their original before the first of
        them has a record; with it they do not write under one prefix
    """
    owner = Owner.parse(record)
    if owner and owner.uuid == uuid:
        return owner.prefix
    return f"{uuid}-{hashlib.sha256(json.dumps(place).encode()).hexdigest()[:16]}"


# A block may fail without an error in the log: a managed server need not let anyone ask.
_ASK_SERVER = """
DO $$ BEGIN
    PERFORM set_config('object_storage.server', system_identifier::text, true)
       FROM pg_control_system();
EXCEPTION WHEN OTHERS THEN
    PERFORM set_config('object_storage.server', '', true);
END $$;
SELECT current_setting('object_storage.server')
"""


def server_of(cursor: Any) -> str:
    """Return the identifier of a PostgreSQL server; blank if Odoo's role may not read it.

    A server gets it when it is created, ``pg_control_system()`` shows it, and replicas have the
    identifier of their primary. A dump does not contain it.
    """
    cursor.execute(_ASK_SERVER)
    server: str = cursor.fetchone()[0]
    return server


def standing(record: str | None, present: Owner) -> Standing:
    """Return what a database is that has this record, and is in fact ``present``."""
    if not record:
        return Standing.UNKNOWN
    owner = Owner.parse(record)
    if owner is None:
        return Standing.COPY
    if owner.uuid != present.uuid:
        elsewhere = (owner.scheme, owner.container) != (present.scheme, present.container)
        return Standing.FORK if elsewhere else Standing.COPY
    return Standing.OWNER if owner.is_same(present) else Standing.COPY


@functools.lru_cache(maxsize=64)
def present_standing(record: str | None, *present: str) -> tuple[Owner, Standing]:
    """Return a database as an owner, and its standing.

    :param present: the arguments of ``Owner.present()`` after the record
    """
    owner = Owner.present(record, *present)
    return owner, standing(record, owner)


def may_claim(record: str | None, present: Owner) -> bool:
    """Return True if a database may become an owner without a decision of an operator.

    A copy that Odoo made with a new uuid has its own keys. The same database may change to another
    container.
    """
    owner = Owner.parse(record)
    if owner is None or owner.uuid != present.uuid:
        return bool(owner) or not record
    return owner.is_same(replace(present, scheme=owner.scheme, container=owner.container))
