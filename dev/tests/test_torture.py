"""Processes that are killed while they create, copy, write and delete the same attachments."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.commands.torture import DATABASE, torture
from dev.manifests import manifests
from dev.stack import Stack

Run = "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[tuple[dict[str, str], Path]]:
    variables = stack.variables(DATABASE, "dev")
    with stack.database(DATABASE, list(manifests()), variables) as data:
        yield variables, data


def run(stack: Stack, database: tuple[dict[str, str], Path], seconds: str, what: str) -> Run:
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "timeout": 600}
    return torture(stack, *database, seconds, what, **output)


def test_a_minute_of_torture_loses_no_file_and_leaves_none_behind(
    stack: Stack, database: tuple[dict[str, str], Path]
) -> None:
    result = run(stack, database, "60", "torture")
    print(result.stdout)
    assert result.returncode == 0, result.stdout
    assert " 0 of them without their file" in result.stdout
    assert " 0 objects collected" not in result.stdout, "nothing was put to the test"


def test_the_torture_catches_the_old_design(
    stack: Stack, database: tuple[dict[str, str], Path]
) -> None:
    result = run(stack, database, "20", "old")
    assert result.returncode == 1, result.stdout
    assert "NOT CLEAN" in result.stdout
