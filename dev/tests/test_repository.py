"""The repository's own promises: generated files are fresh, the README is complete."""

import re
import struct
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.documented import Document

from dev import drawings
from dev.commands import documents, icons
from dev.manifests import manifests, variables
from dev.settings import REPOSITORY

README = documents.README.read_text()
FIRST_CELL = re.compile(r"^\|([^|]+)\|", re.MULTILINE)
VARIABLE = re.compile(r"`([A-Z][A-Z0-9_]+)`")


def listed_variables(text: str) -> set[str]:
    """Return the variables in the first cells of a text's tables."""
    return {name for cell in FIRST_CELL.findall(text) for name in VARIABLE.findall(cell)}


def tracked_paths() -> list[Path]:
    """Return what git tracks and is there: files, and links to files and folders."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [REPOSITORY / name for name in listed if name and (REPOSITORY / name).exists()]


def tracked_files() -> list[Path]:
    return [path for path in tracked_paths() if path.is_file()]


def test_requirements_follow_from_the_manifests() -> None:
    assert documents.REQUIREMENTS.read_text() == documents.requirements()


def test_addon_table_follows_from_the_manifests() -> None:
    assert documents.with_table(README) == README
    assert all(f"[{name}]({name}/)" in README for name in manifests())


def test_reference_lists_every_variable_and_no_other() -> None:
    listed = listed_variables(documents.VARIABLES.read_text())
    assert listed == {name for _addon, name in variables()}


def test_reference_has_a_section_for_each_addon_with_variables() -> None:
    page = Document(documents.VARIABLES.read_text())
    owned: dict[str, set[str]] = {}
    for addon, name in variables():
        owned.setdefault(addon, set()).add(name)
    assert {addon: listed_variables(page.section(addon).text) for addon in owned} == owned
    assert all(f"[{addon}](#{addon})" in page.text for addon in owned)


@pytest.mark.parametrize("addon", sorted(manifests()))
def test_addon_readme_lists_its_variables(addon: str) -> None:
    fragments = (REPOSITORY / addon / "readme").glob("*.md")
    text = "\n".join(path.read_text() for path in fragments)
    own = {name for owner, name in variables() if owner == addon}
    assert listed_variables(text) == own


@pytest.mark.parametrize("addon", sorted(manifests()))
def test_addon_has_its_icon(addon: str) -> None:
    folder = REPOSITORY / addon / "static" / "description"
    assert (folder / "icon.svg").read_text() == icons.svg(addon)
    png = (folder / "icon.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (icons.SIZE, icons.SIZE)


@pytest.mark.parametrize("source", drawings.SOURCES, ids=lambda source: source.name)
def test_a_drawing_is_made_from_its_source(source: Path) -> None:
    text = drawings.target(source).read_text()
    assert drawings.mark(source) in text, "run python3 dev/main.py drawings"
    picture = ElementTree.fromstring(text)
    shown = " ".join(picture.itertext())
    assert all(addon in shown for addon in ("session_redis", "attachment_s3", "logging_json"))


def test_ci_runs_the_readme_s_test_command() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    assert script[-2:] == ["dev/lint", "dev/test"]


def test_versions_carry_no_series() -> None:
    for name, manifest in manifests().items():
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
