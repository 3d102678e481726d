"""Checks of a database with any kind of platform."""

from odoo.addons.cloud_base import system_parameters

from .inputs import Facts
from .registry import register
from .report import ERROR, WARNING, Check, Verdict

LOCAL = ("db", "file")


def _neutralized_on_a_store(facts: Facts) -> bool:
    return bool(facts.database and facts.database.neutralized) and facts.location not in LOCAL


def _wrong_parameters(facts: Facts) -> Verdict:
    if facts.database is None:
        return None
    values = facts.database.parameters
    wrong = system_parameters.problems(values, facts.database.choices)
    return [{"name": name, "problem": problem} for name, problem in wrong]


def _outdated_addons(facts: Facts) -> Verdict:
    names = facts.database.outdated if facts.database else ()
    return bool(names) and {"names": ", ".join(names), "options": ",".join(names)}


def _unreadable_files(facts: Facts) -> Verdict:
    schemes = facts.database.unreadable if facts.database else ()
    return [{"scheme": scheme} for scheme in schemes]


def _has_spilled(facts: Facts) -> Verdict:
    if facts.database is None or not facts.database.spilled:
        return None
    return {"files": facts.database.spilled}


CHECKS = [
    Check(
        id="parameter",
        level=ERROR,
        message="%(problem)s",
        hint="Change the value of %(name)s, or install the addon that knows it. A database of a"
        " release before 3.0 needs 'odoo cloud_platform migrate'.",
        broken=_wrong_parameters,
        needs_database=True,
        needs_kind=False,
    ),
    Check(
        id="not-updated",
        level=ERROR,
        message="The database was not updated to the code of this server: %(names)s.",
        hint="Run odoo with --update=%(options)s --stop-after-init.",
        broken=_outdated_addons,
        needs_database=True,
        needs_kind=False,
    ),
    Check(
        id="files-unreadable",
        level=ERROR,
        message="There are files in %(scheme)s://, which no installed addon reads.",
        hint="Install the addon of this storage again, then move the files.",
        broken=_unreadable_files,
        needs_database=True,
        needs_kind=False,
    ),
    Check(
        id="neutralized",
        level=ERROR,
        variable="RUNNING_ENV",
        message="This database is neutralized, a copy: it must not run as production on"
        " production's store.",
        hint="Set RUNNING_ENV to the environment of the copy and call install() there.",
        broken=_neutralized_on_a_store,
        environments=frozenset({"prod"}),
        needs_database=True,
    ),
    Check(
        id="store-spilled",
        level=WARNING,
        variable="ATTACHMENT_SPILL_TOTAL_MB",
        message="%(files)d new files wait in the database: the store did not answer.",
        hint="A scheduled action moves them once it does.",
        broken=_has_spilled,
        needs_database=True,
    ),
]

register("database", CHECKS)
