"""The system parameters of the suite, and the values that they accept.

Each addon registers its parameters when it is imported::

    register(SystemParameter("ir_attachment.storage.serving", parse=Serving.parse))
    register(SystemParameter("ir_attachment.location", choices="locations"))

``parse`` raises ``ValueError`` for a wrong value. ``choices`` names a list that depends on the
addons of a database; the caller gives it. The same rules hold when a value is written, for the
checks, and before attachments are moved: a value may have become wrong later, by SQL or because
an addon was uninstalled.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

# characters of a wrong value that a message shows
LONGEST_VALUE = 100

# the accepted values by the name of their list; a list that is not there is not known
Choices = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class SystemParameter:
    """A system parameter; the text of an error of ``parse`` names the accepted values."""

    name: str
    parse: Callable[[str], object] = str
    choices: str = ""

    def problem(self, value: str, choices: Choices) -> str:
        """Return the sentence for a wrong value; an empty text for a right or a blank one."""
        if not value:
            return ""
        if self.choices in choices and value not in choices[self.choices]:
            known = ", ".join(sorted(choices[self.choices]))
            return self._sentence(value, f"Allowed values: {known or 'none'}")
        try:
            self.parse(value)
        except ValueError as error:
            return self._sentence(value, str(error))
        return ""

    def _sentence(self, value: str, expected: str) -> str:
        shown = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
        return f"“{shown}” is not a value of the system parameter {self.name}. {expected}."


_parameters: dict[str, SystemParameter] = {}


def register(parameter: SystemParameter) -> None:
    """Add a parameter; a second one of the same name replaces the first."""
    _parameters[parameter.name] = parameter


def registered() -> list[SystemParameter]:
    """Return every parameter of the addons that this process has imported."""
    return list(_parameters.values())


def problems(values: Mapping[str, str], choices: Choices) -> Iterator[tuple[str, str]]:
    """Yield the name and the sentence of each parameter whose value is wrong."""
    for parameter in _parameters.values():
        if problem := parameter.problem(values.get(parameter.name) or "", choices):
            yield parameter.name, problem
