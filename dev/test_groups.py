"""The files of ``dev/tests`` in groups, for several groups to run at the same time.

Files that share an expensive fixture are one group: the deployment with two nodes, or the image of
the containers. Files that start no server are one group too. Every other file is its own group.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from .settings import REPOSITORY

TESTS = REPOSITORY / "dev" / "tests"
DEPLOYMENT, CONTAINERS, REPOSITORY_ITSELF = "the deployment", "containers", "the repository"
# the words in a file of a group, in the order of precedence
SIGNS = {
    DEPLOYMENT: re.compile(r"\b(?:prepared|instance): Instance\b"),
    CONTAINERS: re.compile(r"\bmachine: Machine\b"),
}
SERVERS = re.compile(r"\b(?:Stack|subprocess)\b")
# groups that take a minute or more begin first: a long one at the end would run alone
LONGEST = (
    DEPLOYMENT,
    "test_core_sessions.py",
    "test_sessions_failover.py",
    "test_former_suite.py",
    "test_fs_attachment.py",
    "test_store_outages.py",
    "test_core_attachments.py",
    CONTAINERS,
    "test_lifecycle.py",
    "test_from_files.py",
    "test_torture.py",
    "test_recovery.py",
    "test_wheels.py",
    "test_backup.py",
)


def groups() -> dict[str, list[str]]:
    """Return the names of the files by group, the longest groups first."""
    found: dict[str, list[str]] = {name: [] for name in LONGEST}
    for path in sorted(TESTS.glob("test_*.py")):
        found.setdefault(group_of(path), []).append(path.name)
    return {name: files for name, files in found.items() if files}


def group_of(path: Path) -> str:
    """Return the group of a file."""
    text = path.read_text()
    return next(_groups_in(text), path.name)


def _groups_in(text: str) -> Iterator[str]:
    yield from (name for name, sign in SIGNS.items() if sign.search(text))
    if not SERVERS.search(text):
        yield REPOSITORY_ITSELF
