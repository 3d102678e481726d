"""The inputs of the checks, as plain values that a test can construct."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from odoo.addons.base_attachment_object_storage.ownership.owner import server_of
from odoo.addons.cloud_base.problem import Problem
from odoo.addons.cloud_base.settings import Flag
from odoo.addons.cloud_base.system_parameters import Choices
from odoo.addons.session_redis.startup import conflicting_addons

from .versions import outdated_addons

ENVIRONMENTS = ("prod", "integration", "labs", "test", "dev")

KIND_PARAMETER = "cloud.platform.kind"
LOCATION_PARAMETER = "ir_attachment.location"
NEUTRALIZED_PARAMETER = "database.is_neutralized"

_PART = re.compile(r"[a-z0-9-]+")
_flag: TypeAdapter[bool] = TypeAdapter(Flag)


def named_environment(name: str) -> str:
    """Return the environment in a name such as ``acme-odoo-prod``, empty in another name."""
    project, _separator, environment = name.rpartition("-odoo-")
    is_structured = _PART.fullmatch(project) and _PART.fullmatch(environment)
    return environment if is_structured else ""


def environment_of(name: str) -> str:
    """Return the environment that a name stands for; every ``labs…`` is ``labs``.

    Empty for a name that stands for none.
    """
    if name.startswith("labs"):
        return "labs"
    return name if name in ENVIRONMENTS else ""


@dataclass(frozen=True)
class Database:
    """The values of a database that checks use; ``extensions`` are addons that may add checks.

    ``server`` identifies its PostgreSQL server, see ``ownership.server_of()``. ``spilled`` is the
    number of attachments that wait in it for the store, ``session_files`` are its addons that
    read the files of sessions, ``outdated`` its addons that were not updated to the code of this
    process. Known only where the registry is loaded: ``choices``, the accepted values of
    parameters, and ``unreadable``, the schemes of stored files that no installed addon reads.
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    server: str = ""
    spilled: int = 0
    session_files: tuple[str, ...] = ()
    choices: Choices = field(default_factory=dict)
    outdated: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of platform, for example ``s3``; empty before ``install()``."""
        return self.parameters.get(KIND_PARAMETER, "")

    @property
    def location(self) -> str:
        """The storage of new attachments; core's default is ``file``."""
        return self.parameters.get(LOCATION_PARAMETER, "") or "file"

    @property
    def neutralized(self) -> bool:
        """True for a copy that Odoo has neutralized."""
        return is_true(self.parameters.get(NEUTRALIZED_PARAMETER, ""))


@dataclass(frozen=True)
class Facts:
    """The environment of a process, and one database or none.

    ``variables`` has those that are set, ``mistakes`` a problem for each that is wrong,
    ``server_wide`` the addons of ``--load``, ``active`` the addons of them that are switched on,
    ``probes`` the problem of each service that was asked, for example ``"Refused: the reason"``.
    """

    environment_name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    server_wide: frozenset[str] = frozenset()
    mistakes: tuple[Problem | str, ...] = ()
    active: frozenset[str] = frozenset()
    probes: Mapping[str, str] = field(default_factory=dict)
    database: Database | None = None

    @property
    def environment(self) -> str:
        """The environment's kind, such as ``labs`` for ``labs-acme``."""
        return environment_of(self.environment_name)

    @property
    def kind(self) -> str:
        """The kind of platform of the database; empty without one."""
        return self.database.kind if self.database else ""

    @property
    def location(self) -> str:
        """The storage of the database's new attachments; empty without a database."""
        return self.database.location if self.database else ""

    def is_set(self, *names: str) -> bool:
        """Return True if one of the variables has a value."""
        return any(self.variables.get(name, "").strip() for name in names)

    def text(self, name: str) -> str:
        """Return a variable without white space around it; empty if it is not set."""
        return self.variables.get(name, "").strip()

    def names(self, name: str) -> frozenset[str]:
        """Return the parts of a variable that is a list with commas."""
        return frozenset(part.strip() for part in self.text(name).split(",") if part.strip())

    def flag(self, name: str) -> bool:
        """Return True if a variable is on, by the rules of the settings."""
        return is_true(self.variables.get(name, ""))


def is_true(text: str) -> bool:
    """Return True for a text that the settings accept as on; False for a wrong one."""
    try:
        return bool(text) and _flag.validate_python(text)
    except ValidationError:
        return False


def read_database(cursor: Any, name: str) -> Database | None:
    """Return what a database says, by plain SQL; None for one without the platform."""
    cursor.execute("SELECT to_regclass('ir_config_parameter'), to_regclass('ir_module_module')")
    if not all(cursor.fetchone()):
        return None
    cursor.execute(
        """
        SELECT module.name
          FROM ir_module_module AS module
          JOIN ir_module_module_dependency AS dependency ON dependency.module_id = module.id
         WHERE dependency.name = 'cloud_platform'
           AND module.state IN ('installed', 'to upgrade')
         ORDER BY module.name
        """
    )
    extensions = tuple(row[0] for row in cursor.fetchall())
    cursor.execute("SELECT key, value FROM ir_config_parameter")
    parameters = {key: value or "" for key, value in cursor.fetchall()}
    return Database(
        name,
        parameters,
        extensions,
        server_of(cursor),
        _count_spilled(cursor),
        tuple(conflicting_addons.installed(cursor)),
        outdated=tuple(outdated_addons(cursor)),
    )


def _count_spilled(cursor: Any) -> int:
    cursor.execute("SELECT to_regclass('ir_attachment_spill')")
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute("SELECT count(*) FROM ir_attachment_spill")
    return int(cursor.fetchone()[0])
