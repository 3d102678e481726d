"""Checks of a database with any kind of platform."""

from .inputs import Facts
from .registry import register
from .report import ERROR, WARNING, Check, Verdict

LOCAL = ("db", "file")


def _neutralized_on_a_store(facts: Facts) -> bool:
    return bool(facts.database and facts.database.neutralized) and facts.location not in LOCAL


def _has_spilled(facts: Facts) -> Verdict:
    if facts.database is None or not facts.database.spilled:
        return None
    return {"files": facts.database.spilled}


CHECKS = [
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
