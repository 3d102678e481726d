"""``dev/main.py plain_english FILE…``: report idioms that the project does not use."""

from pathlib import Path

from ..plain_english import findings


def main(arguments: list[str]) -> int:
    found = [finding for name in arguments for finding in findings(Path(name))]
    for finding in found:
        print(finding)
    return 1 if found else 0
