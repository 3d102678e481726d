"""The branch coverage of the addons by their own tests, for ``dev/test --coverage``.

``coverage`` is installed into a separate folder: without the option, no process of Odoo can
import it. The list of files and the floor of all addons together are in ``pyproject.toml``. The
floor may rise and never falls; ``dev/main.py changes`` compares it with another commit's floor.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from .console import run, say
from .environments import REQUIREMENTS, made_once
from .settings import REPOSITORY, child_environment

CONFIGURATION = REPOSITORY / "pyproject.toml"
SUMMARY = REPOSITORY / "coverage.md"
FLOOR = re.compile(r"^fail_under = (\d+)", re.MULTILINE)


def floor_of(configuration: str) -> int | None:
    """Return the floor that a text of ``pyproject.toml`` sets, in percent."""
    found = FLOOR.search(configuration)
    return int(found[1]) if found else None


class Coverage:
    """Measures some addons in a process of Odoo.

    :param python: of Odoo
    :param folder: for the program and the data
    """

    def __init__(self, python: Path, folder: Path, addons: Sequence[str]) -> None:
        self._python = python
        self._packages = folder / "coverage"
        self._data = folder / "coverage.data"
        self._addons = addons

    def install(self) -> None:
        file = REQUIREMENTS / "coverage.txt"
        command: list[str | Path] = [
            *(self._python, "-m", "pip", "--disable-pip-version-check", "install", "-q"),
            *("--target", self._packages, "-r", file),
        ]

        def make() -> None:
            run(command, env=child_environment())

        made_once(self._packages, "Installing coverage", [file.read_text()], make)
        self._data.unlink(missing_ok=True)

    def command(self, command: Sequence[str | Path]) -> list[str | Path]:
        """Return a command of Python that runs under measurement."""
        source = ",".join(str(REPOSITORY / name) for name in self._addons)
        return [*self._coverage("run"), f"--source={source}", *command[1:]]

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        """Return an environment in which Python finds ``coverage``, after everything else."""
        paths = [environment.get("PYTHONPATH"), str(self._packages)]
        return {**environment, "PYTHONPATH": ":".join(filter(None, paths))}

    def report(self, environment: dict[str, str]) -> list[str]:
        """Print the table, write it to ``coverage.md``, and return complaints about the total."""
        print(self._report(environment, "text", "--skip-covered"), flush=True)
        SUMMARY.write_text(self._report(environment, "markdown", "--skip-covered"))
        total = self._report(environment, "total", "--precision=1").splitlines()
        return complaints(total[-1] if total else "", floor_of(CONFIGURATION.read_text()))

    def _report(self, environment: dict[str, str], form: str, *options: str) -> str:
        command = [*self._coverage("report"), f"--format={form}", "--fail-under=0", *options]
        return run(command, env=environment)

    def _coverage(self, action: str) -> list[str | Path]:
        options = (f"--rcfile={CONFIGURATION}", f"--data-file={self._data}")
        return [self._python, "-m", "coverage", action, *options]


def complaints(total: str, floor: int | None) -> list[str]:
    """Return the complaints about a total in percent, as ``coverage`` prints it."""
    try:
        percent = float(total)
    except ValueError:
        return [f"coverage: there is no total ({total})"]
    if floor is None:
        return [f"coverage: {CONFIGURATION.name} sets no floor"]
    if percent < floor:
        return [f"coverage: {percent} % of the branches and lines, the floor is {floor} %"]
    if percent >= floor + 1:
        say(f"The coverage is {percent} %: fail_under in {CONFIGURATION.name} can be raised")
    return []
