"""A problem of the configuration, as every check reports it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ERROR = "error"  # a server must not serve with it
WARNING = "warning"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong; ``variable`` may also be a parameter or the name of an object.

    The id and the variable are its identity: what two checks find is reported once.
    """

    id: str
    variable: str
    text: str
    level: str = ERROR
    hint: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """The id and the variable: problems with the same pair are duplicates."""
        return self.id, self.variable

    def __str__(self) -> str:
        name = f"{self.variable}: " if self.variable else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{name}{self.text}{hint}"


def problem_of(found: "Problem | str", check: str = "") -> Problem:
    """Return the problem that a sentence such as ``VARIABLE: expects a number`` describes.

    :param check: the id of the check that has returned the sentence
    """
    if isinstance(found, Problem):
        return found
    variable, colon, text = found.partition(": ")
    if colon and variable.isupper() and " " not in variable:
        return Problem(check, variable, text)
    return Problem(check, "", found)


def without_repetition(groups: Iterable[Iterable[Problem]]) -> Iterator[Problem]:
    """Yield the problems of several checks; one that a former check has found is left out.

    A check itself may find several things that are wrong with one variable.
    """
    seen: set[tuple[str, str]] = set()
    for group in groups:
        problems = [problem for problem in group if problem.identity not in seen]
        seen.update(problem.identity for problem in problems)
        yield from problems
