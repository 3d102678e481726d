"""A machine without an engine: it builds the image of docker/ and runs containers."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dev.console import run
from dev.settings import REPOSITORY
from dev.stack import Stack

from .containers import ODOO_FOLDERS, Running, eventually, with_paths
from .deployment_files import Container, Dockerfile

DATABASE = "odoo"  # as the manifests name it
CORE_ADDONS = "/usr/lib/python3/dist-packages/odoo/addons"


class Machine:
    """A machine with an image of the suite, on which containers run."""

    def __init__(self, stack: Stack, directory: Path, image: Path) -> None:
        self.stack = stack
        self.directory = directory
        self.image = image
        self.dockerfile = Dockerfile()
        self.containers: dict[str, Running] = {}
        self.addresses: dict[str, str] = {}
        self.published: dict[int, int] = {}
        number = os.getpid()
        self._block = f"127.{64 + (number >> 8) % 128}.{number % 256}"

    def address(self, name: str) -> str:
        """Return the address of a container; the first question gives it one."""
        return self.addresses.setdefault(name, f"{self._block}.{len(self.addresses) + 1}")

    def build(self, series: str) -> None:
        """Follow the Dockerfile, except for users and their rights."""
        for word, rest in self.dockerfile.instructions:
            if word == "COPY":
                self._copy(*[part for part in rest.split() if not part.startswith("--")])
            elif word == "RUN" and not rest.startswith("groupmod "):
                places = {folder: f"{self.image}{folder}" for folder in ODOO_FOLDERS}
                places[CORE_ADDONS] = str(self.core_addons)
                command = ["bash", "-eo", "pipefail", "-c", with_paths(rest, places)]
                run(command, env={**self.environment(), "ODOO_SERIES": series})

    def _copy(self, source: str, target: str) -> None:
        path = Path(f"{self.image}{target}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / source).is_dir():
            skipped = shutil.ignore_patterns("tests", "__pycache__")
            shutil.copytree(REPOSITORY / source, path, ignore=skipped, dirs_exist_ok=True)
        else:
            shutil.copy(REPOSITORY / source, path)

    @property
    def core_addons(self) -> Path:
        """The folder with the addon web: the image has one folder of addons only."""
        root = self.stack.odoo.root
        return next(
            path for path in (root / "addons", root / "odoo/addons") if (path / "web").exists()
        )

    def environment(self) -> dict[str, str]:
        """Return what stands for the image's system: programs, and the packages of Python."""
        environment = self.stack.odoo.environment()
        python = self.stack.odoo.venv.python
        packages = next((python.parents[1] / "lib").glob("python3.*/site-packages"))
        environment["PYTHONPATH"] = f"{environment['PYTHONPATH']}:{packages}"
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # an image is read-only
        environment["PATH"] = f"{python.parent}:{os.defpath}:/usr/sbin:{self._weed.parent}"
        return environment

    @property
    def _weed(self) -> Path:
        return self.stack.state / "install" / "venv-seaweedfs" / "bin" / "weed"

    def create(self, container: Container, name: str = "") -> "Running":
        """Return a container that does not run yet."""
        running = Running(self, container, name or container.name)
        self.containers[running.name] = running
        return running

    def up(self, containers: Mapping[str, Container], *names: str) -> None:
        """Start containers when those that they wait for are as they want them, as Compose does.

        Like there, those that do not wait for each other start at the same time.
        """
        for name in names:
            if name not in self.containers:
                waits_for = containers[name].waits_for
                self.up(containers, *[other for other in containers if other in waits_for])
                running = self.create(containers[name])
                if "service_completed_successfully" in _wanted(containers, name):
                    running.run_to_the_end()
                else:
                    running.start()
        for name in names:
            if containers[name].health:
                # a check starts a program
                eventually(self.containers[name].is_healthy, seconds=180, pause=0.5)

    def stop(self, *names: str) -> None:
        for name in names or list(self.containers):
            if name in self.containers:
                self.containers.pop(name).stop()


def _wanted(containers: Mapping[str, Container], name: str) -> set[str]:
    return {one.waits_for[name] for one in containers.values() if name in one.waits_for}
