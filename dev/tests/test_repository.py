"""The repository's own promises: generated files are fresh, the README is complete."""

import re
import subprocess
from pathlib import Path

import pytest

from dev import documents
from dev.settings import REPOSITORY

README = documents.README.read_text()
FIRST_CELL = re.compile(r"^\|([^|]+)\|", re.MULTILINE)
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")


def listed_variables(text: str) -> set[str]:
    """Return the variables in the first cells of a text's tables."""
    return {name for cell in FIRST_CELL.findall(text) for name in VARIABLE.findall(cell)}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [REPOSITORY / name for name in listed if name and (REPOSITORY / name).is_file()]


def test_requirements_follow_from_the_manifests() -> None:
    assert documents.REQUIREMENTS.read_text() == documents.requirements()


def test_addon_table_follows_from_the_manifests() -> None:
    assert documents.with_table(README) == README
    assert all(f"[{name}]({name}/)" in README for name in documents.manifests())


def test_readme_lists_every_variable_and_no_other() -> None:
    assert listed_variables(README) == {name for _addon, name in documents.variables()}


@pytest.mark.parametrize("addon", sorted(documents.manifests()))
def test_addon_readme_lists_its_variables(addon: str) -> None:
    text = (REPOSITORY / addon / "readme" / "DESCRIPTION.md").read_text()
    own = {name for owner, name in documents.variables() if owner == addon}
    assert listed_variables(text) == own


def test_readme_s_commands_exist() -> None:
    commands = re.findall(r"^ *(?:\w+=\S+ )?(dev/\w+|\.ci/run)", README, re.MULTILINE)
    assert {"dev/run", "dev/test"} <= set(commands)
    assert all((REPOSITORY / command).exists() for command in commands)


def test_ci_runs_the_readme_s_test_command() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    assert script[-2:] == ["dev/lint", "dev/test"]


def test_versions_carry_no_series() -> None:
    for name, manifest in documents.manifests().items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"]), name


def test_no_file_names_a_registry_or_this_machine() -> None:
    hosts = re.compile(
        r"(deb\.debian|pypi|registry\.npmjs|pythonhosted)\.(org|com)", re.IGNORECASE
    )
    home = str(Path.home())
    for path in tracked_files():
        text = path.read_text(errors="ignore")
        assert not hosts.search(text), path
        assert path == Path(__file__) or f"{home}/" not in text, path
