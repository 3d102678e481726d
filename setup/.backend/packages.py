"""Build backend of ``setup/ADDON`` and ``setup/_metapackage``: a package for one series of Odoo.

whool builds the addons. It takes the series from the manifest's version, where a tree for three
series names none; so it is handed a copy of the addon that looks like an unpacked sdist, and
whose ``PKG-INFO`` and ``pyproject.toml`` complete the manifest::

    pip wheel --no-deps --config-settings series=19.0 ./setup/session_redis
"""

import ast
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BACKEND = Path(__file__).resolve().parent
REPOSITORY = BACKEND.parents[1]
SERIES = ("17.0", "18.0", "19.0")
META_PACKAGE = "_metapackage"

# Every file of a wheel has this time (the first one that a zip archive can express), so that
# the same contents make the same wheel, whichever commit they are built from.
FIRST_OF_JANUARY_1980 = "315532800"

ADDON_PROJECT = """\
[build-system]
requires = ["whool"]
build-backend = "whool.buildapi"

[tool.whool]
odoo_series_override = "{series}"
"""

META_PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "odoo-addons-cloud-platform"
version = "{version}"
description = "All addons of the Odoo cloud platform"
license = "AGPL-3.0-or-later"
classifiers = ["Framework :: Odoo", "Framework :: Odoo :: {series}"]
dependencies = {dependencies}

[tool.setuptools]
packages = []
"""

Settings = dict[str, Any] | None


class UnknownSeries(Exception):
    """The series of Odoo for the build is not known."""


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    _series(config_settings)  # before anything is installed for nothing
    lines = (BACKEND / "requirements.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


get_requires_for_build_sdist = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(directory: str, config_settings: Settings = None) -> str:
    return _build("prepare_metadata_for_build_wheel", directory, config_settings)


def build_wheel(
    directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    return _build("build_wheel", directory, config_settings)


def build_sdist(directory: str, config_settings: Settings = None) -> str:
    return _build("build_sdist", directory, config_settings)


def _build(hook: str, directory: str, config_settings: Settings) -> str:
    """Call the hook of whool or setuptools in a prepared folder."""
    series = _series(config_settings)
    name = Path.cwd().name
    target = str(Path(directory).resolve())
    os.environ.setdefault("SOURCE_DATE_EPOCH", FIRST_OF_JANUARY_1980)  # noqa: TID251
    with _folder(name) as source:
        if name == META_PACKAGE:
            import setuptools.build_meta as backend  # only here is it needed

            _prepare_meta_package(source, series)
        else:
            import whool.buildapi as backend

            _prepare_addon(REPOSITORY / name, source, series)
        return str(getattr(backend, hook)(target))


def _series(config_settings: Settings) -> str:
    series = str((config_settings or {}).get("series"))
    if series not in SERIES:
        raise UnknownSeries(
            f"the series of Odoo is {series}: say --config-settings series=… ({', '.join(SERIES)})"
        )
    return series


@contextlib.contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Work in a folder of that name, since whool takes an addon's name from its folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / name
        folder.mkdir()
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def _prepare_addon(addon: Path, target: Path, series: str) -> None:
    for path in _files(addon):
        copy = target / path.relative_to(addon)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o755 if os.access(path, os.X_OK) else 0o644)  # with every umask
    (target / "PKG-INFO").write_text(
        f"Metadata-Version: 2.1\nName: odoo-addon-{addon.name}\n"
        f"Version: {_version(addon, series)}\n"
    )
    (target / "pyproject.toml").write_text(ADDON_PROJECT.format(series=series))


def _prepare_meta_package(target: Path, series: str) -> None:
    addons = [path.parent for path in sorted(REPOSITORY.glob("*/__manifest__.py"))]
    project = META_PROJECT.format(
        series=series,
        version=_version(REPOSITORY / "cloud_platform", series),
        dependencies=[f"odoo-addon-{addon.name}=={_version(addon, series)}" for addon in addons],
    )
    (target / "pyproject.toml").write_text(project)


def _version(addon: Path, series: str) -> str:
    version = ast.literal_eval((addon / "__manifest__.py").read_text())["version"]
    return f"{series}.{version}"


def _files(addon: Path) -> list[Path]:
    """Return the files that git tracks; in a copy without git's folder all but compiled ones."""
    if not (REPOSITORY / ".git").exists():
        every = addon.rglob("*")
        return [path for path in every if path.is_file() and "__pycache__" not in path.parts]
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=addon, stdout=subprocess.PIPE, text=True, check=True)
    # a file that was deleted and not committed yet is listed all the same
    paths = (addon / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
