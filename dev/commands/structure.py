"""``dev/main.py structure``: print the measures of the code of each addon, and of ``dev``."""

from ..manifests import manifests
from ..settings import REPOSITORY
from ..structure import Package, row


def main(arguments: list[str]) -> int:
    addons = [Package(REPOSITORY / name) for name in manifests()]
    rows = [row(package.folder.name, [package]) for package in addons]
    rows += [row("all addons", addons), row("dev", [Package(REPOSITORY / "dev")])]
    print("|" + "|".join(rows[0]) + "|")
    print("|" + "|".join(["---", *("---:" for _column in list(rows[0])[1:])]) + "|")
    for measures in rows:
        print("|" + "|".join(measures.values()) + "|")
    for package in addons:
        if cycle := package.cycle(with_late=True):
            print(f"cycle in {package.folder.name}: {' -> '.join(cycle)}")
    return 0
