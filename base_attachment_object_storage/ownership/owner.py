"""Who owns objects: which database may write them, and which one may delete them.

``database.uuid`` does not say so: ``createdb -T``, ``pg_dump | psql`` and Odoo's restore
without "copy" keep it, and that is how a staging database is usually made. So the owner is
written down twice, as an ``Owner``: in the database, and as an object beside those that it
owns (the claim). What the two say and what is the case decide::

    no record       the database may write, as keys are named by content; it never deletes
    record is right the database may write; it deletes where the claim is its own
    record is wrong the database is a copy: it reads, and nothing else, until somebody says
                    what it is: adopt (the original is gone) or fork (a database of its own)
    another uuid    Odoo has copied the database and said so: it is a fork, which may write
                    into a container of its own at once, and into that of its original when
                    it has been installed there

Copies with one name are on different servers of PostgreSQL, and so the server is a part of
an owner. Copies of a database that has no record have prefixes of their own by the same
means. What was copied as a whole server, by its files, is like its original.
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
    """What a database is to the objects that it would write."""

    UNKNOWN = "unknown"
    OWNER = "owner"
    FORK = "fork"
    COPY = "copy"

    @property
    def may_write(self) -> bool:
        return self is not Standing.COPY


@dataclass(frozen=True)
class Owner:
    """A database as the owner of the objects whose keys begin with ``prefix/``.

    ``environment`` is the running environment, ``server`` what ``server_of()`` says, both
    blank where nobody says.
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
        """Return what a database is now, whatever its record says."""
        prefix = prefix_of(record, uuid, database, environment, server)
        return cls(prefix, uuid, database, environment, scheme, container, server)

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
        """Say whether the two are one; what one of them does not name is like any."""
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
    """Return what tells one PostgreSQL server from another; blank where it does not say.

    It is drawn when a server is made, ``pg_control_system()`` shows it, and replicas have that
    of their primary. It goes into no dump.
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


def may_claim(record: str | None, present: Owner) -> bool:
    """Say whether a database may become an owner without being asked what it is.

    What Odoo has copied with a new uuid has keys of its own. The same database may go on in
    another container.
    """
    owner = Owner.parse(record)
    if owner is None or owner.uuid != present.uuid:
        return bool(owner) or not record
    return owner.is_same(replace(present, scheme=owner.scheme, container=owner.container))
