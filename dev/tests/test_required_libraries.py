"""The libraries that the project is required to use: listed by addons, and used by their code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.commands import documents
from dev.manifests import manifests
from dev.settings import REPOSITORY

# the packages that the project has required from its beginning, each with its present names in
# requirements.txt and the module that code imports
LIBRARIES = {
    "redis": {"redis": "redis"},
    "python-json-logger": {"python-json-logger": "pythonjsonlogger"},
    "statsd": {"statsd": "statsd"},
    "boto": {"boto3": "boto3"},
    "python-swiftclient": {"python-swiftclient": "swiftclient"},
    "python-keystoneclient": {
        "python-keystoneclient": "keystoneclient",
        "keystoneauth1": "keystoneauth1",
    },
    # later additions
    "prometheus_client": {"prometheus_client": "prometheus_client"},
    "pydantic-settings": {"pydantic-settings": "pydantic_settings"},
}
PACKAGES = [pair for present in LIBRARIES.values() for pair in present.items()]


def code_of(addon: str) -> Iterator[Path]:
    """Yield the modules of an addon without its tests."""
    folder = REPOSITORY / addon
    for path in sorted(folder.rglob("*.py")):
        if "tests" not in path.relative_to(folder).parts:
            yield path


def imported_by(addon: str) -> set[str]:
    """Return the names of the top-level modules that the code of an addon imports."""
    names: set[str] = set()
    for path in code_of(addon):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize(("package", "module"), PACKAGES)
def test_a_required_library_is_listed_and_imported_by_an_addon(package: str, module: str) -> None:
    assert package in documents.REQUIREMENTS.read_text().splitlines()
    listing = {
        name
        for name, manifest in manifests().items()
        if package in manifest.get("external_dependencies", {}).get("python", [])
    }
    assert listing, f"no manifest lists {package}"
    for addon in sorted(listing):
        assert module in imported_by(addon), f"{addon} lists {package} and does not import it"
