"""Checks of a change: a news fragment, readable commit subjects, no lower coverage floor.

``problems_since`` compares HEAD with another commit, ``problems_of_release`` the repository with
the name of a tag.
"""

import re
import subprocess
from collections.abc import Iterable

from . import coverage
from .manifests import manifests
from .settings import REPOSITORY

SUBJECT_LENGTH = 72
FRAGMENT = re.compile(r"newsfragments/(\+?[\w.-]+)\.(feature|bugfix|removal|doc|misc)\.md")
# paths whose changes users can notice
NOTICED = re.compile(
    r"(?!dev/|docs/|setup/)[a-z_0-9]+/(?!tests/|i18n/)|requirements\.txt$|README\.md$"
)
CHANGELOG = "CHANGELOG.md"


def problems_since(commit: str) -> list[str]:
    """Return the problems of the commits after ``commit``, a sentence each."""
    base = git("merge-base", commit, "HEAD").strip()
    changed = git("diff", "--name-only", "--no-renames", base, "HEAD").splitlines()
    subjects = git("log", "--no-merges", "--format=%s", f"{base}..HEAD").splitlines()
    name = coverage.CONFIGURATION.name
    floors = [coverage.floor_of(git("show", f"{base}:{name}"))]
    floors.append(coverage.floor_of(coverage.CONFIGURATION.read_text()))
    return [
        *problems_of_news(changed),
        *(f"the subject of a commit is too long: {line}" for line in too_long(subjects)),
        *problems_of_floor(*floors),
    ]


def problems_of_news(changed: Iterable[str]) -> list[str]:
    """Return the problems of the news fragments among some changed paths."""
    paths = list(changed)
    fragments = [path for path in paths if path.startswith("newsfragments/")]
    files = [path for path in fragments if not path.endswith("/.gitignore")]
    wrong = [path for path in files if not FRAGMENT.fullmatch(path)]
    problems = [f"{path}: a news fragment is called NAME.TYPE.md" for path in wrong]
    noticed = [path for path in paths if NOTICED.match(path)]
    # a release moves the fragments into the changelog
    if noticed and not files and CHANGELOG not in paths:
        problems.append(f"there is no news fragment, and {noticed[0]} has changed")
    return problems


def too_long(subjects: Iterable[str]) -> list[str]:
    """Return the subjects of commits that are longer than a line of ``git log``."""
    return [subject for subject in subjects if len(subject) > SUBJECT_LENGTH]


def problems_of_floor(before: int | None, now: int | None) -> list[str]:
    """Return the problems of the coverage floor."""
    if before is not None and (now is None or now < before):
        return [f"the floor of the coverage was {before} %, and is lower now"]
    return []


def problems_of_release(tag: str) -> list[str]:
    """Return why a tag cannot be released, a sentence each."""
    version = tag.removeprefix("v")
    problems = [
        f"{addon} has version {manifest['version']}, the tag is {tag}"
        for addon, manifest in manifests().items()
        if manifest["version"] != version
    ]
    if f"\n## {version} (" not in (REPOSITORY / CHANGELOG).read_text():
        problems.append(f"{CHANGELOG} has no entry for {version}")
    left = [path.name for path in (REPOSITORY / "newsfragments").glob("*.md")]
    if left:
        problems.append(f"news fragments are left: {', '.join(sorted(left))}")
    return problems


def git(*arguments: str) -> str:
    """Return the output of git, in this repository."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return done.stdout
