"""``dev/main.py structure [ADDON…]``: print the measures of each addon and of ``dev``.

With names of addons it lists what exceeds the ceilings in them, and fails if there is anything.
"""

from ..console import DevError
from ..manifests import manifests
from ..settings import REPOSITORY
from ..structure import Package, row


def main(arguments: list[str]) -> int:
    if arguments:
        return list_violations(arguments)
    addons = [Package(REPOSITORY / name) for name in manifests()]
    packages = [*addons, Package(REPOSITORY / "dev")]
    rows = [row(package.folder.name, [package]) for package in packages]
    rows.insert(-1, row("all addons", addons))
    print("|" + "|".join(rows[0]) + "|")
    print("|" + "|".join(["---", *("---:" for _column in list(rows[0])[1:])]) + "|")
    for measures in rows:
        print("|" + "|".join(measures.values()) + "|")
    for package in packages:
        if number := len(list(package.violations())):
            print(f"{package.folder.name}: {number} places exceed a ceiling")
    return 0


def list_violations(names: list[str]) -> int:
    """Print each place where one of the addons exceeds a ceiling."""
    if unknown := set(names) - {*manifests(), "dev"}:
        raise DevError(f"no such addon: {', '.join(sorted(unknown))}")
    violations = [line for name in names for line in Package(REPOSITORY / name).violations()]
    for line in violations:
        print(line.removeprefix(f"{REPOSITORY}/"))
    return 1 if violations else 0
