"""``dev/lint [hook…]``: every check of ``.pre-commit-config.yaml`` on all files."""

import subprocess

from ..environments import REQUIREMENTS, VirtualEnvironment
from ..settings import REPOSITORY, child_environment
from ..stack import Stack, check_state_directory, tool_python


def main(arguments: list[str]) -> int:
    stack = Stack()
    check_state_directory(stack.state)
    directory = stack.state / "install" / "venv-lint"
    venv = VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "lint.txt"])
    with stack.lock():
        venv.install()
    command = [str(venv.python), "-m", "pre_commit", "run", "--all-files"]
    # on every machine, pre-commit's "python3" is the Python of this environment
    env = child_environment(
        PATH=f"{venv.python.parent}:{child_environment()['PATH']}",
        PRE_COMMIT_HOME=str(stack.state / "pre-commit"),
    )
    return subprocess.run([*command, *arguments], cwd=REPOSITORY, env=env).returncode
