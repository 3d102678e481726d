"""Files of the repository that follow from others: ``requirements.txt``, the addon table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .settings import REPOSITORY

README = REPOSITORY / "README.md"
VARIABLES = REPOSITORY / "docs" / "variables.md"
REQUIREMENTS = REPOSITORY / "requirements.txt"
TABLE = re.compile(r"(\[//\]: # \(addons\)\n).*?(\[//\]: # \(end addons\))", re.DOTALL)


def manifests(folder: Path = REPOSITORY) -> dict[str, dict[str, Any]]:
    """Return the manifests of a folder by addon name."""
    paths = sorted(folder.glob("*/__manifest__.py"))
    return {path.parent.name: ast.literal_eval(path.read_text()) for path in paths}


def requirements() -> str:
    """Return ``requirements.txt``, from the manifests' ``external_dependencies``."""
    packages = {
        package
        for manifest in manifests().values()
        for package in manifest.get("external_dependencies", {}).get("python", [])
    }
    lines = ["# generated from manifests external_dependencies", *sorted(packages)]
    return "\n".join(lines) + "\n"


def addons_table() -> str:
    """Return the README's table of addons."""
    rows = [
        f"[{name}]({name}/) | {manifest['version']} | {manifest['summary']}"
        for name, manifest in manifests().items()
    ]
    return "\n".join(["addon | version | summary", "--- | --- | ---", *rows]) + "\n"


def with_table(readme: str) -> str:
    """Return the README's text with a fresh table."""
    return TABLE.sub(lambda found: f"{found[1]}\n{addons_table()}\n{found[2]}", readme)


def variables() -> Iterator[tuple[str, str]]:
    """Yield (addon, variable) for every alias in the addons' settings classes."""
    for path in sorted(REPOSITORY.glob("*/settings.py")):
        if (path.parent / "__manifest__.py").exists():
            for name in aliases(path):
                yield path.parent.name, name


def aliases(path: Path) -> list[str]:
    """Return the alias of each field in a settings module."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return [
        str(keyword.value.value)
        for call in calls
        for keyword in call.keywords
        if keyword.arg == "alias" and isinstance(keyword.value, ast.Constant)
    ]
