"""The addons of the repository: their manifests and the variables that they read."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .settings import REPOSITORY


def manifests(folder: Path = REPOSITORY) -> dict[str, dict[str, Any]]:
    """Return the manifests of a folder by addon name."""
    paths = sorted(folder.glob("*/__manifest__.py"))
    return {path.parent.name: ast.literal_eval(path.read_text()) for path in paths}


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
