"""The groups of ``dev/test end-to-end``: every file once, shared fixtures in one process."""

import re

from dev.test_groups import CONTAINERS, DEPLOYMENT, LONGEST, REPOSITORY_ITSELF, TESTS, groups

FILES = {path.name for path in TESTS.glob("test_*.py")}


def test_every_file_is_in_one_group() -> None:
    grouped = [name for names in groups().values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == FILES


def test_files_with_the_same_deployment_or_image_are_in_one_group() -> None:
    found = groups()
    for group, fixtures in {DEPLOYMENT: "prepared|instance", CONTAINERS: "image|machine"}.items():
        using = re.compile(rf"^def \w+\([^)]*\b(?:{fixtures})\b: ", re.MULTILINE)
        users = {name for name in FILES if using.search((TESTS / name).read_text())}
        assert users
        assert users <= set(found[group]), group


def test_the_repository_s_own_tests_start_no_server() -> None:
    assert {"test_groups.py", "test_plain_english.py"} <= set(groups()[REPOSITORY_ITSELF])


def test_the_longest_groups_exist_and_begin() -> None:
    assert tuple(groups())[: len(LONGEST)] == LONGEST
