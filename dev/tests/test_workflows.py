"""The commands of the hosted workflows exist, cover every series, and run here like there."""

import itertools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev import settings
from dev.commands.test import END_TO_END
from dev.manifests import manifests
from dev.odoo import SERIES
from dev.settings import REPOSITORY, child_environment
from dev.stack import Stack

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
EXPRESSION = re.compile(r"\$\{\{ matrix\.(\w+) \}\}")
# the only programs that are not the repository's
FOREIGN = {"apt-get", "cat", "/usr/share/postgresql-common/pgdg/*.sh"}
# Odoo's own limits (odoo/release.py, odoo/__init__.py)
PYTHONS = {
    "17.0": ["3.10", "3.11", "3.12"],
    "18.0": ["3.10", "3.11", "3.12", "3.13"],
    "19.0": ["3.10", "3.11", "3.12", "3.13"],
}


def jobs(name: str) -> dict[str, Any]:
    text = (REPOSITORY / ".github" / "workflows" / f"{name}.yml").read_text()
    return dict(yaml.safe_load(text)["jobs"])


def combinations(job: dict[str, Any]) -> list[dict[str, str]]:
    """Return what a job's matrix makes of it, with the values that ``include`` adds to them."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    additions = matrix.pop("include", [])
    if additions and not matrix:
        return [dict(addition) for addition in additions]
    found = [
        dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())
    ]
    for values, addition in itertools.product(found, additions):
        if all(values.get(name, value) == value for name, value in addition.items()):
            values.update(addition)
    return found


def commands(job: dict[str, Any]) -> Iterator[str]:
    """Yield the commands of each step of a job, for each combination of its matrix."""
    for values, step in itertools.product(combinations(job), job["steps"]):
        if "run" in step:
            yield EXPRESSION.sub(lambda found, values=values: values[found[1]], step["run"])


def shell(script: str, directory: Path, **variables: str) -> str:
    """Run a step as the hosted runner does."""
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=directory,
        env={**child_environment(**settings.chosen()), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert not done.returncode, done.stdout
    return done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_of_a_workflow_exists(path: Path) -> None:
    ran = [command for job in jobs(path.stem).values() for command in commands(job)]
    assert ran
    for part in (part for command in ran for part in re.split(r"&&|\n", command) if part):
        program, *arguments = (word for word in part.split() if not re.match(r"\w+=", word))
        if program == "python3":
            assert arguments[0] == "dev/main.py", part
            assert (REPOSITORY / "dev" / "commands" / f"{arguments[1]}.py").is_file(), part
        else:
            assert program in FOREIGN or (REPOSITORY / program).stat().st_mode & 0o100, part


@pytest.mark.parametrize("name", ["release", "test", "wheels"])
def test_a_workflow_covers_every_series(name: str) -> None:
    for job in jobs(name).values():
        if "strategy" in job:
            covered = dict.fromkeys(values["series"] for values in combinations(job))
            assert tuple(covered) == SERIES


def test_the_versions_job_has_every_python_of_a_series_and_every_postgresql() -> None:
    found: dict[str, list[str]] = {}
    job = jobs("test")["versions"]
    for values in combinations(job):
        found.setdefault(values["series"], []).append(values["python"])
    assert found == PYTHONS
    assert {values["postgresql"] for values in combinations(job)} == {"14", "16", "17"}
    for command in commands(job):
        if "dev/test" in command:
            chosen = shell(f"echo {command.partition('dev/test ')[2]}", REPOSITORY).split()
            assert chosen == sorted(manifests())


def test_a_release_publishes_the_wheels_that_the_other_workflow_builds() -> None:
    release = jobs("release")
    assert release["wheels"]["steps"] == jobs("wheels")["wheels"]["steps"]
    assert release["wheels"]["needs"] == release["images"]["needs"] == "check"
    assert release["publish"]["needs"] == "wheels"
    assert release["publish"]["permissions"] == {"id-token": "write"}
    text = (REPOSITORY / ".github" / "workflows" / "release.yml").read_text()
    # the registry's token of the run is the only secret
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"GITHUB_TOKEN"}


def test_the_series_job_runs_every_test_of_each_series() -> None:
    job = jobs("test")["series"]
    checkout = next(step for step in job["steps"] if "repository" in step.get("with", {}))
    assert checkout["with"]["ref"] == "${{ matrix.series }}"
    ran = dict.fromkeys(SERIES, ())
    for values in combinations(job):
        chosen = shell(f"echo {values['tests']}", REPOSITORY).split()
        ran[values["series"]] += tuple(chosen)
    everything = sorted([*manifests(), END_TO_END])
    assert {series: sorted(chosen) for series, chosen in ran.items()} == dict.fromkeys(
        SERIES, everything
    )


def test_the_wheels_step_makes_what_the_next_one_uploads(stack: Stack, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = f"git -c safe.directory='*' clone --quiet '{REPOSITORY}' '{clone}'"
    shell(git, tmp_path)
    job = jobs("wheels")["wheels"]
    [step] = (command for command in commands(job) if f" {stack.odoo.series} " in command)
    shell(step, clone)
    [upload] = (step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    made = list((clone / upload["with"]["path"]).glob("*.whl"))
    assert len(made) == len(list((clone / "setup").glob("*/backend"))) > 1


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_has_questions(name: str) -> None:
    path = REPOSITORY / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml"
    form = yaml.safe_load(path.read_text())
    assert form["name"] and form["description"]
    questions = [part for part in form["body"] if part["type"] != "markdown"]
    assert any(part.get("validations", {}).get("required") for part in questions)
    assert len({part["id"] for part in questions}) == len(questions)
    assert all(part["attributes"]["label"] for part in questions)


def test_every_path_with_owners_exists() -> None:
    lines = (REPOSITORY / ".github" / "CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules[0][0] == "*"
    for pattern, *owners in rules:
        assert owners
        assert list(REPOSITORY.glob(pattern.strip("/"))), pattern


def test_the_workflows_run_the_commands_of_the_ci_script() -> None:
    lines = (REPOSITORY / ".ci" / "run").read_text().splitlines()
    own = [line for line in lines if line.startswith("dev/")]
    assert own == ["dev/lint", "dev/test"]
    hosted = {
        command.partition(" ")[0]
        for name in ("lint", "test")
        for job in jobs(name).values()
        for command in commands(job)
    }
    assert set(own) <= hosted
