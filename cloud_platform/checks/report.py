"""A check, its findings, and the report of a run."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from odoo.addons.cloud_base.problem import ERROR, WARNING, Problem

from .inputs import ENVIRONMENTS, Facts

__all__ = ["ERROR", "WARNING", "Check", "Finding", "Report", "Verdict"]

# None or False: no problem; True: the message without values; mappings: one finding each, with
# the values of the message's %(names)s; problems: unchanged, with their own ids
Verdict = bool | None | Mapping[str, Any] | Iterable[Mapping[str, Any] | Problem]


@dataclass(frozen=True)
class Check:
    """One rule: the problem if ``broken(facts)``, and an action against it.

    Operators silence a check by its ``id``. ``message`` and ``hint`` are sentences with
    ``%(name)s`` for the values that ``broken`` returns, which must not be secrets. A check that
    ``needs_database`` is left out without a database, and a check that ``needs_kind`` if no kind
    of platform was chosen for the database.
    """

    id: str
    level: str
    message: str
    broken: Callable[[Facts], Verdict]
    variable: str = ""
    hint: str = ""
    environments: frozenset[str] = frozenset(ENVIRONMENTS)
    needs_database: bool = False
    needs_kind: bool = True

    def applies(self, facts: Facts) -> bool:
        """Return True if the check is about this environment."""
        everywhere = self.environments >= frozenset(ENVIRONMENTS)
        if not everywhere and facts.environment not in self.environments:
            return False
        return not self.needs_database or facts.database is not None

    def findings(self, facts: Facts) -> list["Finding"]:
        """Return the findings of this check; an empty list if it does not apply."""
        if not self.applies(facts):
            return []
        verdict = self.broken(facts)
        if not verdict:
            return []
        if verdict is True:
            verdict = {}
        many = [verdict] if isinstance(verdict, Mapping) else list(verdict)
        return [self._finding(facts, values) for values in many]

    def _finding(self, facts: Facts, values: Mapping[str, Any] | Problem) -> "Finding":
        if isinstance(values, Problem):
            problem = replace(values, id=values.id or self.id)
            text = str(replace(problem, hint=""))
            return Finding(
                *(problem.id, problem.level, text, problem.hint),
                *(problem.variable, None, problem),
            )
        return Finding(
            self.id,
            self.level,
            self.message % values if values else self.message,
            self.hint % values if values else self.hint,
            self.variable,
            facts.database.name if self.needs_database and facts.database else None,
        )


@dataclass(frozen=True)
class Finding:
    """Something that is wrong; ``database`` is None where the environment itself is.

    ``source`` is the problem of a variable that the finding repeats.
    """

    id: str
    level: str
    message: str
    hint: str = ""
    variable: str = ""
    database: str | None = None
    source: Problem | None = None

    @property
    def problem(self) -> Problem:
        """The problem as the start of a server reports it."""
        return self.source or Problem(self.id, "", str(self), self.level)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        values = asdict(self)
        del values["source"]
        return values

    def __str__(self) -> str:
        place = f" (database {self.database})" if self.database else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.id} {self.level}{place}: {self.message}{hint}"


@dataclass(frozen=True)
class Report:
    """The findings of one run, in the order of the checks; ``passed`` has the other ids."""

    environment: str
    findings: Sequence[Finding] = field(default_factory=tuple)
    passed: Sequence[str] = field(default_factory=tuple)

    @property
    def errors(self) -> list[Finding]:
        """The findings with which a server must not serve."""
        return [finding for finding in self.findings if finding.level == ERROR]

    @property
    def warnings(self) -> list[Finding]:
        """The findings with which a server may serve."""
        return [finding for finding in self.findings if finding.level != ERROR]

    def findings_of(self, *ids: str) -> list[Finding]:
        """Return the findings of some checks."""
        return [finding for finding in self.findings if finding.id in ids]

    @cached_property
    def ok(self) -> bool:
        """True if a server may serve; cached, because each request asks."""
        return not self.errors

    def __add__(self, other: "Report") -> "Report":
        """Return both reports in one, what both found only once."""
        found = tuple(dict.fromkeys([*self.findings, *other.findings]))
        wrong = {finding.id for finding in found}
        passed = dict.fromkeys([*self.passed, *other.passed])
        return Report(self.environment, found, tuple(name for name in passed if name not in wrong))

    def __str__(self) -> str:
        if not self.findings:
            return f"Cloud platform, environment {self.environment}: all checks passed"
        head = (
            f"Cloud platform, environment {self.environment}: "
            f"{len(self.errors)} errors, {len(self.warnings)} warnings"
        )
        return "\n".join([head, *(f"  - {finding}" for finding in self.findings)])

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form."""
        return {
            "environment": self.environment,
            "ok": self.ok,
            "findings": [finding.as_dict() for finding in self.findings],
            "passed": list(self.passed),
        }

    def as_json(self) -> str:
        """Return ``as_dict()`` as indented JSON."""
        return json.dumps(self.as_dict(), indent=1)
