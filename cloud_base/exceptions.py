"""The errors of settings, and of the services that they name.

ConfigurationError      environment variables are missing or wrong: an operator must change them
UnreachableError        a service that they name does not respond: it may respond later
"""


class ConfigurationError(Exception):
    """The environment is wrong; ``mistakes`` has one sentence for each variable.

    A sentence names the variable and the expected value, never the present value.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class UnreachableError(Exception):
    """A server does not answer; the message says which, and the reason."""
