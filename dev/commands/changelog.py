"""``dev/main.py changelog [VERSION]``: take the news fragments into ``CHANGELOG.md``.

Without a version it only shows the resulting entry.
"""

import subprocess

from ..console import DevError
from ..environments import REQUIREMENTS, VirtualEnvironment
from ..settings import REPOSITORY, child_environment
from ..stack import Stack, check_state_directory, tool_python


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        raise DevError("usage: python3 dev/main.py changelog [VERSION]")
    stack = Stack()
    check_state_directory(stack.state)
    directory = stack.state / "install" / "venv-changelog"
    venv = VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "changelog.txt"])
    with stack.lock():
        venv.install()
    chosen = ["--yes", "--version", *arguments] if arguments else ["--draft", "--version", "next"]
    command = [str(venv.python), "-m", "towncrier", "build", *chosen]
    return subprocess.run(command, cwd=REPOSITORY, env=child_environment()).returncode
