"""The checks that are installed, and running them all."""

import importlib
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from odoo import sql_db
from odoo.tools import config

from odoo.addons.cloud_base.problem import Problem, without_repetition
from odoo.addons.cloud_base.settings import EnvironmentSettings
from odoo.addons.cloud_base.startup.server_wide import server_wide_modules

from ..probes import ask_all
from ..settings import PlatformSettings
from .inputs import Database, Facts, is_true, read_database
from .report import ERROR, WARNING, Check, Finding, Report

_logger = logging.getLogger(__name__)

UNSAFE_VARIABLE = "ODOO_CLOUD_PLATFORM_UNSAFE"
UNSAFE = "cloud platform checks disabled, this is not safe"

# the platform's own; imported late: they import server-wide addons, which --load may lack
OWN_MODULES = ("environment", "sessions", "database")

# the check that repeats the problems of the variables, each under its own id
SETTINGS_ID = "settings"

NOT_CONFIGURED = Check(
    id="kind",
    level=WARNING,
    variable="cloud.platform.kind",
    message="cloud platform not configured, you should probably run"
    " 'env['cloud.platform'].install()'",
    broken=lambda facts: True,
    needs_database=True,
)

# asks for what a database needs; may it write something for that?
Probe = Callable[[Database, bool], None]


@dataclass(frozen=True)
class Registration:
    """The checks, settings and probe of an addon, or of a part of it."""

    addon: str
    checks: list[Check]
    settings: tuple[type[EnvironmentSettings], ...]
    active: Callable[[], bool] | None
    probe: Probe | None

    def concerns(self, database: Database | None) -> bool:
        """Return True for the platform's own, and for an addon that the database has installed.

        Another database of the same server may have other addons, other variables, and another
        store: their mistakes do not concern this database.
        """
        return self.addon == OWN_ADDON or (
            database is not None and self.addon in database.extensions
        )


OWN_ADDON = __name__.split(".")[-3]
_checks: dict[str, Registration] = {}


def register(
    name: str,
    checks: Iterable[Check],
    settings: Iterable[type[EnvironmentSettings]] = (),
    active: Callable[[], bool] | None = None,
    probe: Probe | None = None,
) -> None:
    """Add the checks of an addon, or of a part of one; a second call replaces the first.

    :param settings: groups of variables that the checks look at; their mistakes are found too
    :param active: returns True if a server-wide addon is switched on in this process
    :param probe: asks the service that a database uses, if it uses it, and raises its error;
        if it may write, it writes something small and deletes it again
    """
    # the caller is a module that import_checks() imports
    caller = str(sys._getframe(1).f_globals["__name__"])
    addon = caller.removeprefix("odoo.addons.").partition(".")[0]
    _checks[name] = Registration(addon, list(checks), tuple(settings), active, probe)


def run(
    database: Database | None = None, probe: bool = False, probe_writes: bool = False
) -> Report:
    """Run every check on this process's environment, and on a database where one is given.

    :param probe: ask the database's store as well, within the time of one probe
    :param probe_writes: also write to the store
    """
    import_checks(database)
    concerned = [entry for entry in _checks.values() if entry.concerns(database)]
    answers = _answers_of_probes(concerned, database, probe_writes) if database and probe else {}
    return judge(_facts_of_process(concerned, database, answers), concerned)


def run_for_database(name: str, probe: bool = False, probe_writes: bool = False) -> Report:
    """Run every check on a database, by plain SQL and without its registry.

    A database that does not exist, or holds no Odoo, is judged by the environment alone.
    """
    try:
        with closing(sql_db.db_connect(name).cursor()) as cursor:
            database = read_database(cursor, name)
    except Exception as error:  # noqa: BLE001  # of any kind: core reports it when it connects
        _logger.info("The database %s cannot be checked: %s", name, type(error).__name__)
        database = None
    return run(database, probe, probe_writes)


def judge(facts: Facts, registrations: Iterable[Registration] | None = None) -> Report:
    """Return the report of every check that is not silenced.

    :param registrations: those whose checks count; by default all
    """
    if facts.flag(UNSAFE_VARIABLE):
        _logger.warning(UNSAFE)
        return Report(facts.environment_name)
    entries = _checks.values() if registrations is None else registrations
    checks = [check for entry in entries for check in entry.checks]
    if facts.database and not facts.database.kind:
        # it was never said what this database is to be
        checks = [NOT_CONFIGURED, *(check for check in checks if not check.needs_kind)]
    silenced = facts.names("ODOO_CLOUD_PLATFORM_SILENCED_CHECKS")
    asked = [check for check in checks if check.id not in silenced and check.applies(facts)]
    findings = tuple(
        finding
        for check in asked
        for finding in _findings(check, facts)
        if finding.id not in silenced
    )
    wrong = {finding.id for finding in findings}
    if facts.mistakes:
        wrong.add(SETTINGS_ID)
    passed = dict.fromkeys(check.id for check in asked if check.id not in wrong)
    return Report(facts.environment_name, findings, tuple(passed))


def _findings(check: Check, facts: Facts) -> list[Finding]:
    try:
        return check.findings(facts)
    except Exception as error:  # a third-party check must not hide the others
        _logger.exception("The check %s failed", check.id)
        message = f"the check itself failed: {type(error).__name__}."
        return [Finding(check.id, ERROR, message, "The log has the reason.", check.variable)]


def is_unsafe() -> bool:
    """Return True if the checks are switched off."""
    return is_true(PlatformSettings.given().get(UNSAFE_VARIABLE, ""))


def _facts_of_process(
    registrations: Sequence[Registration], database: Database | None, answers: Mapping[str, str]
) -> Facts:
    """Return the facts of this process, with the problems that probes of services found."""
    variables: dict[str, str] = {}
    mistakes: list[list[Problem]] = []
    for group in _groups_of(registrations):
        variables.update(group.given())
        mistakes.append(group.problems())
    active = {name for name, entry in _checks.items() if entry.active and entry.active()}
    return Facts(
        environment_name=running_environment(),
        variables=variables,
        mistakes=tuple(without_repetition(mistakes)),
        server_wide=frozenset(server_wide_modules()),
        active=frozenset(active),
        probes=answers,
        database=database,
    )


def _groups_of(registrations: Iterable[Registration]) -> list[type[EnvironmentSettings]]:
    """Return the groups of variables that the checks look at, each once."""
    groups = [group for entry in registrations for group in entry.settings]
    return list(dict.fromkeys([PlatformSettings, *groups]))


def running_environment() -> str:
    """Return the name of the running environment."""
    # takes RUNNING_ENV into the configuration; late, as the modules of checks
    importlib.import_module("odoo.addons.server_environment.server_env")
    return str(config["running_env"])


def _answers_of_probes(
    registrations: Sequence[Registration], database: Database, may_write: bool
) -> dict[str, str]:
    """Return the problem of each service, for example ``{name: "Refused: the reason"}``.

    All are asked at the same time; a service that does not answer in time is ``Unavailable``.
    No service is asked while a variable is wrong, because this is reported separately.
    """
    probes = {
        name: partial(entry.probe, database, may_write)
        for name, entry in _checks.items()
        if entry.probe and entry in registrations
    }
    if not probes or any(group.mistakes() for group in _groups_of(registrations)):
        return {}
    settings = PlatformSettings.read()
    if not settings.probes:
        return {}
    problems = {}
    # a probe that only reads does not answer for a probe that writes
    of = f"{database.name}, {'reading and writing' if may_write else 'reading'}"
    answers = ask_all(probes, settings.probe_timeout_seconds, of=of)
    for name, answer in answers.items():
        if not answer.in_time:
            problems[name] = "Unavailable: no answer in time"
        elif error := answer.error:
            problems[name] = f"{type(error).__name__}: {error}"
    return problems


def import_checks(database: Database | None) -> None:
    """Import the platform's checks, and the checks of the addons that a database has installed."""
    for name in OWN_MODULES:
        importlib.import_module(f"{__package__}.{name}")
    for addon in database.extensions if database else ():
        name = f"odoo.addons.{addon}.checks"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # an addon without checks, or not on this host: Odoo itself reports the latter
            if error.name not in (name, f"odoo.addons.{addon}"):
                raise
