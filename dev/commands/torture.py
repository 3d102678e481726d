"""``dev/torture [SECONDS]``: processes that are killed in the midst of their work on attachments.

It fails if a committed row was without its file for a moment, or if bucket and table differ
in the end. ``dev/torture SECONDS old`` shows that it would: it runs on the old suite's way of
deleting, and fails.
"""

import subprocess
from pathlib import Path

from ..console import DevError
from ..manifests import manifests
from ..settings import REPOSITORY
from ..stack import Stack

SECONDS = "60"
DATABASE = "torture"


def main(arguments: list[str]) -> int:
    seconds, what, *more = [*arguments, *(SECONDS, "torture")[len(arguments) :]]
    if more or what not in ("torture", "old") or not seconds.isdigit():
        raise DevError("usage: dev/torture [SECONDS [old]]")
    stack = Stack()
    with stack.in_use():
        variables = stack.variables(DATABASE, "dev")
        with stack.database(DATABASE, list(manifests()), variables) as data:
            return torture(stack, variables, data, seconds, what).returncode


def torture(
    stack: Stack, variables: dict[str, str], data: Path, seconds: str, what: str, **options: object
) -> "subprocess.CompletedProcess[str]":
    """Run the torture on the prepared database; the options belong to ``subprocess.run``."""
    command = [
        *(stack.odoo.venv.python, "-m", "dev.stress", seconds, what, DATABASE),
        *("--addons-path", stack.odoo.addons_path, "--data-dir", data, "--log-level=warn"),
        *("--load", stack.odoo.server_wide_modules, "--http-interface=127.0.0.1"),
    ]
    environment = stack.odoo.environment(**variables)
    environment["PYTHONPATH"] = f"{REPOSITORY}:{environment['PYTHONPATH']}"
    arguments = [str(part) for part in command]
    return subprocess.run(arguments, env=environment, cwd=data, text=True, **options)  # type: ignore[call-overload, no-any-return]
