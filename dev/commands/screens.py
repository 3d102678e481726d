"""``main.py screens``: draws the dashboards as they look under a load, for the documents."""

import subprocess

from ..environments import REQUIREMENTS, VirtualEnvironment
from ..settings import REPOSITORY, child_environment, chosen
from ..stack import Stack, tool_python


def main(_arguments: list[str]) -> int:
    stack = Stack()
    with stack.in_use(for_tests=True):
        venv = VirtualEnvironment(
            stack.state / "install" / "venv-screens",
            tool_python(),
            [REQUIREMENTS / "end-to-end.txt", REQUIREMENTS / "screens.txt"],
        )
        venv.install()
        # beside the tests, whose servers and load it uses
        command = [str(venv.python), str(REPOSITORY / "dev/tests/screens.py")]
        environment = child_environment(PYTHONPATH=str(REPOSITORY), **chosen())
        return subprocess.run(command, env=environment).returncode
