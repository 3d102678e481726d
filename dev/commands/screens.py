"""``main.py screens``: draws the platform's page, and the dashboards under a load."""

import subprocess

from ..environments import REQUIREMENTS, VirtualEnvironment
from ..settings import REPOSITORY, child_environment, chosen
from ..stack import Stack, tool_python


def main(_arguments: list[str]) -> int:
    stack = Stack()
    with stack.in_use("chromium", for_tests=True):
        venv = VirtualEnvironment(
            stack.state / "install" / "venv-screens",
            tool_python(),
            [REQUIREMENTS / "end-to-end.txt", REQUIREMENTS / "screens.txt"],
        )
        venv.install()
        environment = child_environment(PYTHONPATH=str(REPOSITORY), **chosen())
        # beside the tests, whose servers, browser and load they use
        programs = [REPOSITORY / "dev/tests" / name for name in ("page_screen.py", "screens.py")]
        return max(
            subprocess.run([str(venv.python), str(program)], env=environment).returncode
            for program in programs
        )
