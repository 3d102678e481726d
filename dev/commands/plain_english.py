"""``dev/main.py plain_english [FILE…]``: report idioms that the project does not use.

Without a file it reads all files of the repository, without generated texts.
"""

import subprocess
from pathlib import Path

from ..plain_english import PROSE, findings
from ..settings import REPOSITORY


def main(arguments: list[str]) -> int:
    paths = [Path(name) for name in arguments] or list(tracked())
    found = [finding for path in paths for finding in findings(path)]
    for finding in found:
        print(finding)
    return 1 if found else 0


def tracked() -> list[Path]:
    """Return the files that git tracks and the search can read."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.split("\0") if Path(name).suffix in PROSE]
    return [REPOSITORY / name for name in names if (REPOSITORY / name).is_file()]
