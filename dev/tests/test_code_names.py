"""Pages that explain the code: the files and names in them exist.

A path is followed by a name that the file defines (``PATH NAME``), or comes after it
(``NAME in PATH``). Any other identifier occurs somewhere in the code.
"""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from dev.settings import REPOSITORY

PAGES = ("architecture", "glossary", "series", "developer")
DOCUMENTS = [
    *(REPOSITORY / "docs" / f"{name}.md" for name in PAGES),
    *sorted((REPOSITORY / "docs" / "decisions").glob("*.md")),
]
SPAN = re.compile(r"`([^`\n]+)`")
PATH = r"`(?P<path>[\w.-]+/[\w./-]+\.py)`"
NAME = r"`(?P<name>[A-Za-z_]\w*)(?:\(\))?`"
PAIRS = (re.compile(rf"{PATH}\s{NAME}"), re.compile(rf"{NAME}\s\(?(?:in\s)?{PATH}"))
IDENTIFIER = re.compile(r"(?:\w+\.)*(\w*[a-z]_[a-z]\w*|_\w+|[A-Z][a-z]+[A-Z]\w+)(?:\(\))?")


@cache
def tracked() -> tuple[Path, ...]:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    paths = (REPOSITORY / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


@cache
def words() -> frozenset[str]:
    """Return the words of all code, of names of files too."""
    suffixes = (".py", ".sql", ".xml", ".yml")
    code = [path for path in tracked() if path.suffix in suffixes and path != Path(__file__)]
    found = {word for path in code for word in re.findall(r"\w+", path.read_text())}
    return frozenset(found | {part for path in tracked() for part in path.parts})


def missing_paths(text: str) -> list[str]:
    """Return the paths of a page that do not exist."""
    tops = {path.relative_to(REPOSITORY).parts[0] for path in tracked()}
    spans = [span for span in SPAN.findall(text) if re.fullmatch(r"[\w.-]+/[\w./*-]*", span)]
    named = [span for span in spans if span.split("/")[0] in tops]
    return [span for span in named if not list(REPOSITORY.glob(span.rstrip("/")))]


def missing_definitions(text: str) -> list[str]:
    """Return the names of a page that their files do not define."""
    missing = []
    for pair in (found for pattern in PAIRS for found in pattern.finditer(text)):
        path, name = REPOSITORY / pair["path"], pair["name"]
        defined = rf"(def|class)\s+{name}\b|^\s*{name}\s*(:[^\n=]+)?=|\"{name}\""
        if path.is_file() and not re.search(defined, path.read_text(), re.MULTILINE):
            missing.append(f"{pair['path']} {name}")
    return missing


def missing_identifiers(text: str) -> list[str]:
    """Return the identifiers of a page that occur nowhere in the code."""
    found = (IDENTIFIER.fullmatch(span) for span in SPAN.findall(text))
    return [match[0] for match in found if match and match[1] not in words()]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_a_page_names_code_that_exists(page: Path) -> None:
    text = page.read_text()
    assert not missing_paths(text)
    assert not missing_definitions(text)
    # the page about series names parts of Odoo as well
    assert page.name == "series.md" or not missing_identifiers(text)


def test_wrong_names_are_found() -> None:
    keys = "base_attachment_object_storage/ownership/keys.py"
    assert missing_paths("`cloud_base/gone.py` `docs/` `not/ours.py` `dev/t*`") == [
        "cloud_base/gone.py"
    ]
    assert missing_definitions(f"`{keys}` `key_of_digest`, `is_owned` in `{keys}`") == []
    assert missing_definitions(f"`{keys}` `hashlib`, `Owner` in `{keys}`, `no` (`{keys}`)") == [
        f"{keys} hashlib",
        f"{keys} Owner",
        f"{keys} no",
    ]
    assert missing_identifiers("`no_such_name`, `NoSuchName()`, `lock_shared`, `x`") == [
        "no_such_name",
        "NoSuchName()",
    ]


def test_every_path_of_the_architecture_is_short() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    paths = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    lines = {path.splitlines()[0]: path.strip().splitlines()[2:] for path in paths}
    measured = {title: len(rows) for title, rows in lines.items() if title.startswith("Path ")}
    assert len(measured) == 6
    assert max(measured.values()) <= 10, measured
