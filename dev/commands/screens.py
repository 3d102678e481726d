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
        # they use the servers, the browser and the load of the tests
        path = f"{REPOSITORY}:{REPOSITORY / 'dev/tests'}"
        environment = child_environment(PYTHONPATH=path, **chosen())
        programs = ("support.page_screen", "support.screens")
        return max(
            subprocess.run([str(venv.python), "-m", program], env=environment).returncode
            for program in programs
        )
