"""``dev/wheels SERIES [DIRECTORY]``: a wheel of each addon for a series of Odoo, and of the suite.

They are built as ``pip`` builds them from ``setup/``, and are in ``dist`` if no folder is named.
"""

from pathlib import Path

from ..console import DevError, run, say, step
from ..environments import VirtualEnvironment
from ..odoo import SERIES
from ..settings import REPOSITORY, child_environment
from ..stack import Stack, check_state_directory, tool_python

SETUP = REPOSITORY / "setup"


def main(arguments: list[str]) -> int:
    series, directory, *more = [*arguments, *("", "dist")[len(arguments) :]]
    if more or series not in SERIES:
        raise DevError(f"usage: dev/wheels {'|'.join(SERIES)} [DIRECTORY]")
    stack = Stack()
    check_state_directory(stack.state)
    wheels = build(stack, series, Path(directory).absolute())
    say(f"{len(wheels)} wheels in {directory}")
    return 0


def build(stack: Stack, series: str, directory: Path) -> list[Path]:
    """Build the wheels and return their paths; nothing is asked of the network but what builds."""
    venv = VirtualEnvironment(
        stack.state / "install" / "venv-wheels",
        tool_python(),
        [SETUP / ".backend" / "requirements.txt"],
    )
    with stack.lock():
        venv.install()
    names = sorted(path.parent.name for path in SETUP.glob("*/backend"))
    with step(f"Building {len(names)} wheels for Odoo {series}"):
        run(
            [
                *(venv.python, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"),
                *("--no-deps", "--no-index", "--no-build-isolation"),
                *("--config-settings", f"series={series}", "--wheel-dir", directory),
                *(SETUP / name for name in names),
            ],
            env=child_environment(),
        )
    return sorted(directory.glob(f"odoo_addon*-{series}.*.whl"))
