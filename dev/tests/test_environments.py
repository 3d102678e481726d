"""The README's variables by environment: all of them are right, and none may be left out.

A row of the README's table has a variable, and a cell for each environment; an empty cell needs
no variable. A value in backticks is given as it is, with ``<project>`` replaced; a value of the
platform is this machine's. A variable whose cell says "optional" may be left out, every other one
is missed.
"""

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.documented import Document
from support.production import Production

from dev.commands.documents import README
from dev.manifests import manifests
from dev.stack import Stack

PAGE = Document.read(README).section("Environment variables")
ENVIRONMENTS = ("prod", "integration", "test", "dev")
STORES = {"s3": "S3", "swift": "Swift"}
SHARED = ("Redis", "logs", "StatsD")
# forks for each question, so that the addons are imported once; see answers()
QUESTIONS = """
import json, os, sys
import odoo.cli
questions, arguments = json.load(open(sys.argv[1])), sys.argv[2:]
import importlib
for number, variables in enumerate(questions):
    if os.fork() == 0:
        os.environ.update(variables)
        os.dup2(os.open(f"{sys.argv[1]}.{number}", os.O_CREAT | os.O_WRONLY), 1)
        os.dup2(os.open(f"{sys.argv[1]}.{number}.log", os.O_CREAT | os.O_WRONLY), 2)
        sys.argv = arguments
        odoo.cli.main()
        os._exit(0)
    os.wait()
"""


@dataclass(frozen=True)
class Variable:
    name: str
    value: str | None  # None: it depends on the platform
    optional: bool


def rows() -> list[list[str]]:
    """Return the cells of the README's table, its head first."""
    lines = [line for line in PAGE.text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [row for row in cells if not set(row[0]) <= {"-"}]


def listed(purpose: str, environment: str) -> list[Variable]:
    """Return the variables of one environment for one purpose."""
    head, *body = rows()
    column = head.index(environment)
    found = []
    for row in body:
        assert len(row) == len(head), row
        cell = row[column]
        if row[0] == purpose and cell:
            value = re.match(r"`([^`]+)`", cell)
            assert value or cell.startswith("platform"), row
            name = row[1].strip("`")
            found.append(Variable(name, value and value[1], "optional" in cell))
    return found


def all_listed(store: str, environment: str) -> list[Variable]:
    purposes = (STORES[store], *SHARED)
    return [variable for purpose in purposes for variable in listed(purpose, environment)]


class Site:
    """A database of one environment and store, with exactly the README's variables."""

    def __init__(self, stack: Stack, folder: Path, store: str, environment: str) -> None:
        self.stack, self.folder, self.store = stack, folder, store
        self.project = f"p{uuid.uuid4().hex[:8]}"
        self.name = f"{self.project}-{environment}"
        self.variables = all_listed(store, environment)
        self.environment = environment
        self.platform = {**stack.variables("x"), **stack.swift.env(), **stack.statsd.env}

    def value(self, variable: Variable) -> str:
        if variable.value is None:
            return self.platform[variable.name]
        return variable.value.replace("<project>", self.project)

    @property
    def given(self) -> dict[str, str]:
        listed = {variable.name: self.value(variable) for variable in self.variables}
        return {**self.stack.postgresql.env, "RUNNING_ENV": self.environment, **listed}

    def required(self) -> list[str]:
        """Return the complaints of the checks, without the complaints of a start alone."""
        names = [variable.name for variable in self.variables if not variable.optional]
        return [name for name in names if name != "STATSD_CUSTOMER"]

    def answers(self, questions: list[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
        """Return what ``cloud_platform check`` finds with each set of variables.

        :return: the level of the worst finding, and everything that was found, as text
        """
        odoo = self.stack.odoo
        driver, asked = self.folder / "questions.py", self.folder / "questions.json"
        driver.write_text(QUESTIONS)
        asked.write_text(json.dumps(questions))
        arguments = [
            *("odoo", f"--addons-path={odoo.addons_path}", "cloud_platform", "check", "--json"),
            *("-d", self.name, "--data-dir", str(self.folder / "data")),
            *("--load", odoo.server_wide_modules),
        ]
        # the test is about variables, not about the speed of a busy machine's servers
        patience = {"ODOO_CLOUD_PLATFORM_PROBE_TIMEOUT": "60"}
        environment = odoo.environment(**self.stack.postgresql.env, **patience)
        done = subprocess.run(
            [str(odoo.venv.python), str(driver), str(asked), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        return [self._answer(asked, number) for number in range(len(questions))]

    def _answer(self, asked: Path, number: int) -> tuple[str, list[str]]:
        text = Path(f"{asked}.{number}").read_text()
        start = re.search(r"^\{$", text, re.MULTILINE)
        assert start, Path(f"{asked}.{number}.log").read_text()
        found = json.loads(text[start.start() :])["findings"]
        levels = {finding["level"] for finding in found}
        worst = "error" if "error" in levels else "warning" if levels else ""
        return worst, [f"{one['variable']} {one['message']} {one['hint']}" for one in found]


@pytest.fixture(scope="module")
def template(stack: Stack) -> Iterator[tuple[str, Path]]:
    """A database with the suite, and the folder of its files."""
    name = f"environments-{uuid.uuid4().hex[:8]}"
    with stack.database(name, list(manifests()), stack.variables(name, "test")) as data:
        yield name, data / "filestore" / name


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("store", STORES)
def test_the_readme_s_variables_are_right_and_each_is_missed(
    stack: Stack, template: tuple[str, Path], tmp_path: Path, store: str, environment: str
) -> None:
    site = Site(stack, tmp_path, store, environment)
    production = Production(stack, site.name, tmp_path / "data", None)
    name, files = template
    shutil.copytree(files, tmp_path / "data" / "filestore" / site.name)
    stack.postgresql.create(site.name, name)
    try:
        stack.postgresql.query(
            site.name,
            "UPDATE ir_config_parameter SET value = gen_random_uuid()"
            " WHERE key = 'database.uuid' RETURNING id",
        )
        report = production.answer(site.name, site.given, "install", "--kind", store)
        remote = environment in ("prod", "integration")
        assert report["location"] == (store if remote else "db")

        required = site.required()
        without = [{k: v for k, v in site.given.items() if k != name} for name in required]
        [(level, found), *missing] = site.answers([site.given, *without])
        assert (level, found) == ("", [])
        for name, (level, found) in zip(required, missing, strict=True):
            # JSON logging is a counsel, everything else a rule
            expected = "warning" if name == "ODOO_LOGGING_JSON" else "error"
            assert level == expected, (name, found)
            assert any(name in one for one in found), (name, found)
    finally:
        stack.postgresql.drop(site.name)


def test_the_readme_has_a_column_for_every_environment() -> None:
    head, *body = rows()
    assert head == ["for", "variable", *ENVIRONMENTS]
    assert {row[0] for row in body} == {*STORES.values(), *SHARED}
    for store in STORES:
        assert len(all_listed(store, "prod")) >= 12
    counted = {environment: len(all_listed("s3", environment)) for environment in ENVIRONMENTS}
    assert counted["prod"] >= counted["integration"] >= counted["test"] >= counted["dev"], counted
    # nothing needs to be set on a developer's machine
    assert all(variable.optional for variable in all_listed("s3", "dev"))


def test_a_server_misses_the_customer_of_statsd(stack: Stack, tmp_path: Path) -> None:
    odoo = stack.odoo
    done = subprocess.run(
        [
            str(part)
            for part in odoo.command(
                *("--addons-path", odoo.addons_path, "--data-dir", tmp_path),
                *("--load", odoo.server_wide_modules, "--http-interface=127.0.0.1"),
            )
        ],
        env=odoo.environment(**stack.postgresql.env, RUNNING_ENV="dev", ODOO_STATSD="1"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == os.EX_CONFIG
    assert "STATSD_CUSTOMER" in done.stdout + done.stderr
