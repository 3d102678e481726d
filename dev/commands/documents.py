"""``dev/main.py documents``: write again ``requirements.txt`` and the README's table of addons."""

import re

from ..manifests import manifests
from ..settings import REPOSITORY

README = REPOSITORY / "README.md"
VARIABLES = REPOSITORY / "docs" / "variables.md"
REQUIREMENTS = REPOSITORY / "requirements.txt"
TABLE = re.compile(r"(\[//\]: # \(addons\)\n).*?(\[//\]: # \(end addons\))", re.DOTALL)


def main(arguments: list[str]) -> int:
    REQUIREMENTS.write_text(requirements())
    README.write_text(with_table(README.read_text()))
    return 0


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
