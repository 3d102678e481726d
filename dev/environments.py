"""Installations that are made once: folders with a mark of their ingredients, and Pythons."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from . import settings
from .console import DevError, run, step

REQUIREMENTS = Path(__file__).parent / "requirements"

# CPython 3.11.0 to 3.11.7 crashes now and then where threads parse source at the same
# time (https://github.com/python/cpython/issues/106905), which Odoo shows as status 500.
RACY_PYTHONS = ((3, 11, 0), (3, 11, 8))

# the oldest Python for which the servers of the tests are made
TOOLS_FROM = (3, 11, 0)


def made_once(
    directory: Path, title: str, ingredients: Sequence[str], make: Callable[[], None]
) -> None:
    """Call ``make`` to fill a folder, unless it is complete and made of the same ingredients.

    The mark is written last, so that what an interrupted run left is made again.
    """
    mark = directory / ".made-of"
    digest = hashlib.sha256("\0".join(ingredients).encode()).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    with step(title):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        make()
        mark.write_text(digest)


class VirtualEnvironment:
    """A virtual environment with what some requirements files name."""

    def __init__(
        self, directory: Path, base: str, files: Sequence[Path], extra: Sequence[str] = ()
    ) -> None:
        self.directory = directory
        self.python = directory / "bin" / "python"
        self._base = base
        self._files = files
        self._extra = extra

    def install(self) -> None:
        texts = [path.read_text() for path in [*self._files, REQUIREMENTS / "constraints.txt"]]
        title = f"Installing Python packages ({self.directory.name})"
        made_once(self.directory, title, [self._base, *texts, *self._extra], self._make)

    def _make(self) -> None:
        constraints = REQUIREMENTS / "constraints.txt"
        pip: list[str | Path] = [self.python, "-m", "pip", "--disable-pip-version-check"]
        chosen = [part for path in self._files for part in ("-r", path)]
        run([self._base, "-m", "venv", "--clear", self.directory])
        run([*pip, "install", "-q", "-c", constraints, *chosen])
        if self._extra:
            # their dependency "odoo" is in no registry
            run([*pip, "install", "-q", "--no-deps", *self._extra])


def find_python() -> tuple[str, tuple[int, int, int]]:
    """Return the best Python for Odoo, as its program and its version.

    Free of the race first; a shim may exist and not run, so each one is run.

    :raises DevError: if the chosen Python does not run, or no Python does
    """
    chosen = settings.chosen_python()
    pyenv = settings.pyenv_root()
    managed = sorted(map(str, pyenv.glob("versions/3.12.*/bin/python"))) if pyenv else []
    names = (
        [chosen]
        if chosen
        else ["python3.12", *managed, "python3.10", "python3.13", "python3.11", "python3"]
    )
    working = {name: version for name in names if (version := python_version(name))}
    for name, version in working.items():
        if not is_racy(version):
            return name, version
    for name, version in working.items():
        return name, version
    raise DevError(f"no Python from 3.10 to 3.13 with venv runs (tried {', '.join(names)})")


def find_tool_python() -> str:
    """Return a Python for tools outside of Odoo's process: Odoo's, where it is new enough.

    :raises DevError: if no such Python runs
    """
    program, version = find_python()
    names = [program, "python3.12", "python3.13", "python3.11", "python3"]
    for name in names if version < TOOLS_FROM else names[:1]:
        found = python_version(name)
        if found and found >= TOOLS_FROM:
            return name
    raise DevError(f"Keystone and other tools need Python 3.11 (tried {', '.join(names)})")


def python_version(program: str) -> tuple[int, int, int] | None:
    """Return the version of a Python that runs and can make environments, else None."""
    probe = "import ensurepip, sys, venv; print(*sys.version_info[:3])"
    try:
        done = subprocess.run([program, "-c", probe], capture_output=True, text=True)
    except OSError:
        return None
    if done.returncode:
        return None
    major, minor, micro = map(int, done.stdout.split())
    return (major, minor, micro) if (3, 10) <= (major, minor) <= (3, 13) else None


def is_racy(version: tuple[int, int, int]) -> bool:
    first, fixed = RACY_PYTHONS
    return first <= version < fixed
