"""What goes wrong with settings.

ConfigurationError      environment variables are missing or wrong: the operator's fault
UnreachableError        a server that they name does not answer: it may later
"""


class ConfigurationError(Exception):
    """The environment is wrong; ``mistakes`` has one sentence for each variable.

    A sentence names the variable and what it takes, never the value that it has.
    """

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class UnreachableError(Exception):
    """A server does not answer; the message says which, and the reason."""
