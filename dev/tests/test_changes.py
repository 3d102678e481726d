"""The checks of a change and of a release, and the floor of the coverage."""

import pytest

from dev import coverage
from dev.changes import (
    problems_of_floor,
    problems_of_news,
    problems_of_release,
    problems_since,
    too_long,
)
from dev.commands.changes import main
from dev.console import DevError
from dev.manifests import manifests

NEWS = "newsfragments/+word.bugfix.md"


@pytest.mark.parametrize(
    "path", ["session_redis/hooks.py", "docker/odoo.conf", "requirements.txt", "README.md"]
)
def test_a_change_that_users_notice_needs_news(path: str) -> None:
    [problem] = problems_of_news([path])
    assert path in problem
    assert not problems_of_news([path, NEWS])
    assert not problems_of_news([path, "CHANGELOG.md"])


@pytest.mark.parametrize(
    "path",
    [
        "dev/changes.py",
        "docs/backup.md",
        "session_redis/tests/test_store.py",
        "session_redis/i18n/fr.po",
        ".github/workflows/test.yml",
        "setup/session_redis/pyproject.toml",
    ],
)
def test_other_changes_need_no_news(path: str) -> None:
    assert not problems_of_news([path])


@pytest.mark.parametrize("name", ["word.md", "+word.fix.md", "+word.bugfix.rst", "a/b.misc.md"])
def test_a_fragment_with_another_name_is_found(name: str) -> None:
    assert problems_of_news([f"newsfragments/{name}"])


def test_only_long_subjects_are_found() -> None:
    assert too_long(["x" * 72, "y" * 73]) == ["y" * 73]


@pytest.mark.parametrize(("before", "now"), [(80, 79), (80, None)])
def test_a_floor_never_falls(before: int, now: int | None) -> None:
    assert problems_of_floor(before, now)
    assert not problems_of_floor(before, before)
    assert not problems_of_floor(before, before + 1)
    assert not problems_of_floor(None, 1)


def test_nothing_is_wrong_with_no_commits() -> None:
    assert problems_since("HEAD") == []
    assert main(["HEAD"]) == 0


def test_the_command_needs_a_commit() -> None:
    with pytest.raises(DevError, match="usage"):
        main([])


def test_a_release_needs_versions_changelog_and_no_fragments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    problems = problems_of_release("v99.0.0")
    assert len(problems) >= len(manifests()) + 1
    assert main(["--release", "v99.0.0"]) == 1
    assert "CHANGELOG.md has no entry for 99.0.0" in capsys.readouterr().out
    version = next(iter(manifests().values()))["version"]
    left = [
        problem for problem in problems_of_release(f"v{version}") if "fragments" not in problem
    ]
    assert left == []


@pytest.mark.parametrize(
    ("total", "floor", "words"),
    [
        ("79.9", 80, "the floor is 80"),
        ("", 80, "no total"),
        ("90.0", None, "no floor"),
    ],
)
def test_a_total_is_compared_with_the_floor(total: str, floor: int | None, words: str) -> None:
    [complaint] = coverage.complaints(total, floor)
    assert words in complaint


@pytest.mark.parametrize(("total", "noticed"), [("80.0", False), ("80.9", False), ("81.0", True)])
def test_a_total_above_the_floor_passes(
    total: str, noticed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert coverage.complaints(total, 80) == []
    assert ("can be raised" in capsys.readouterr().out) is noticed


def test_the_configuration_has_a_floor() -> None:
    assert coverage.floor_of(coverage.CONFIGURATION.read_text())
