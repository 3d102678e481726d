"""The errors of settings, and of the services that they name.

ConfigurationError      environment variables are missing or wrong: an operator must change them
UnreachableError        a service that they name does not respond: it may respond later
"""

from collections.abc import Sequence

from .problem import Problem, problem_of


class ConfigurationError(Exception):
    """The environment is wrong; ``problems`` has one for each variable, ``mistakes`` its sentence.

    A sentence names the variable and the expected value, never the present value.
    """

    def __init__(self, found: Sequence[Problem | str]) -> None:
        self.problems = [problem_of(one) for one in found]
        self.mistakes = [str(problem) for problem in self.problems]
        super().__init__("\n".join(self.mistakes))


class UnreachableError(Exception):
    """A server does not answer; the message says which, and the reason."""
