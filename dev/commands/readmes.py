"""``dev/main.py readmes``: write each addon's ``README.rst`` and ``index.html`` again."""

import subprocess

from ..environments import REQUIREMENTS, VirtualEnvironment
from ..settings import REPOSITORY, child_environment
from ..stack import Stack, check_state_directory, tool_python


def main(arguments: list[str]) -> int:
    stack = Stack()
    check_state_directory(stack.state)
    directory = stack.state / "install" / "venv-readmes"
    venv = VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "readmes.txt"])
    with stack.lock():
        venv.install()
    command = [str(venv.python), "-m", "dev.readmes"]
    return subprocess.run(command, cwd=REPOSITORY, env=child_environment()).returncode
