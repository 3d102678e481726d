"""The paths of ``docs/backup.md``, with its own commands, on real stores."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.buckets import s3_client
from support.documented import Document
from support.operator_shell import OperatorShell
from support.production import CREATE, DELETE, FILES, SIZES, Production, production_of

from dev.stack import Stack

PAGE = Document.page("backup")
NIGHT = PAGE.section("Every night").commands
LOST_DATABASE = PAGE.section("The database is lost, the bucket is there").commands
LOOK = PAGE.section("A look at an old state, beside production").commands
LOST_BUCKET = PAGE.section("The bucket is lost").commands
FULL = PAGE.section("One file with everything").commands

LENGTHS = FILES + 'print("ANSWER " + json.dumps([len(one.raw) for one in mine]))'


class Operator:
    """The operator who runs the page's commands for a production database called "acme"."""

    def __init__(self, production: Production, directory: Path) -> None:
        self.production = production
        self.stack = production.stack
        name = production.name
        self.names = {
            "acme-new-odoo-prod": f"{name}-new-odoo-prod",
            "acme": name,
            "/backup": str(directory),
        }
        self.shell = OperatorShell(
            self.stack,
            directory,
            production.data,
            {**production.variables, **self.remotes(), "ODOO_LOGGING_JSON": "1"},
            self.names,
        )
        (directory / "rename.sql").write_text(self.shell.named(PAGE.file("rename.sql")))

    def remotes(self) -> dict[str, str]:
        """Return the remotes of rclone: the store is SeaweedFS, the backup another server."""
        variables = self.production.variables
        backup = self.stack.swift.s3_client
        keys = backup["users"]["odoo"]
        remotes = {
            "STORE": (variables["AWS_HOST"], "admin", variables["AWS_SECRET_ACCESS_KEY"]),
            "BACKUP": (backup["endpoint"], keys["access_key"], keys["secret_key"]),
        }
        return {
            f"RCLONE_CONFIG_{remote}_{option}": value
            for remote, (endpoint, key, secret) in remotes.items()
            for option, value in (
                ("TYPE", "s3"),
                ("PROVIDER", "Other"),
                ("ENDPOINT", endpoint),
                ("ACCESS_KEY_ID", key),
                ("SECRET_ACCESS_KEY", secret),
                ("REGION", "us-east-1"),
            )
        }

    def run(self, lines: list[str]) -> str:
        return "".join(self.shell.run(line) for line in lines)

    def read(self, database: str, **variables: str) -> Any:
        known = {**self.production.variables, **variables}
        return self.production.shell(self.shell.named(database), LENGTHS, known)

    def standing(self, database: str, **variables: str) -> str:
        known = {**self.production.variables, **variables}
        status = self.production.answer(self.shell.named(database), known, "status")
        return str(status["ownership"]["standing"])


@pytest.fixture
def operator(stack: Stack, tmp_path: Path) -> Iterator[Operator]:
    with production_of(stack, "backup") as production:
        operator = Operator(production, tmp_path)
        production.copies += [f"{production.name}-{what}" for what in ("then", "full", "restored")]
        yield operator


def lose_bucket(operator: Operator) -> None:
    store = s3_client(operator.production.variables)
    bucket = operator.production.bucket
    for key in operator.production.listing():
        store.delete_object(Bucket=bucket, Key=key)
    store.delete_bucket(Bucket=bucket)


def test_a_lost_database_is_restored_on_its_bucket_and_misses_nothing(operator: Operator) -> None:
    production = operator.production
    operator.run(NIGHT)
    # a file of each kind is deleted, and collection runs: the retention keeps all
    production.shell(production.name, DELETE, production.variables)
    assert production.answer(production.name, production.variables, "collect")["deleted"] == 0
    production.stack.postgresql.drop(production.name)

    output = operator.run(LOST_DATABASE)
    assert "all checks passed" in output and re.search(r"^missing: 0$", output, re.MULTILINE)
    assert operator.read("acme") == SIZES
    assert operator.standing("acme") == "owner"
    production.shell(production.name, CREATE, production.variables)  # it goes on


def test_an_old_state_is_looked_at_beside_production(operator: Operator) -> None:
    production = operator.production
    operator.run(NIGHT)
    production.shell(production.name, DELETE, production.variables)
    output = operator.run(LOOK)
    assert re.search(r"^ *standing: copy$", output, re.MULTILINE), output
    production.proxy.requests.clear()
    assert operator.read("acme-then") == SIZES
    assert production.harm() == []


def test_a_lost_bucket_comes_back_from_its_copy(operator: Operator) -> None:
    production = operator.production
    operator.run(NIGHT)
    # objects that the vacuum deletes later stay in the copy
    production.shell(production.name, DELETE, production.variables)
    collected = production.answer(production.name, production.variables, "collect", "--days=0")
    assert collected["deleted"] == 6
    operator.run(NIGHT[1:])
    lose_bucket(operator)
    s3_client(production.variables).create_bucket(Bucket=production.bucket)

    same_name = LOST_BUCKET[: LOST_BUCKET.index("psql -d acme -f rename.sql") - 1]
    output = operator.run(same_name)
    assert "all checks passed" in output and re.search(r"^missing: 0$", output, re.MULTILINE)
    found = operator.read("acme")
    assert found == [9, *SIZES[6:]] and operator.standing("acme") == "owner"
    # the older dump has all it needs there again
    operator.run(LOOK)
    assert operator.read("acme-then") == SIZES


def test_a_lost_bucket_comes_back_under_another_name(operator: Operator) -> None:
    production = operator.production
    operator.run(NIGHT)
    production.shell(production.name, DELETE, production.variables)
    operator.run(NIGHT[1:])  # files that were written since then would be missing
    lose_bucket(operator)

    renaming = LOST_BUCKET[LOST_BUCKET.index("psql -d acme -f rename.sql") - 1 :]
    output = ""
    new: dict[str, str] = {}
    for line in renaming:
        if line.startswith("export "):
            name, value = operator.shell.named(line).removeprefix("export ").split("=")
            new[name] = value
        else:
            output += operator.shell.run(line, **new)
    assert re.search(r"^missing: 0$", output, re.MULTILINE), output
    assert re.search(r"^  moved: 0$", output, re.MULTILINE), "the rows name it already"
    assert operator.read("acme", **new) == [9, *SIZES[6:]]
    assert operator.standing("acme", **new) == "owner"
    # the marks went along
    variables = {**production.variables, **new}
    collected = production.answer(production.name, variables, "collect", "--days=0")
    assert collected["deleted"] == 6 and not collected["failed"], collected


def test_one_file_has_everything_and_needs_no_store(operator: Operator) -> None:
    production = operator.production
    before = production.listing()
    production.proxy.requests.clear()
    operator.run(FULL[:-1])
    assert production.harm() == [] and production.listing() == before

    closed = {"AWS_HOST": "http://127.0.0.1:9"}
    operator.shell.run(FULL[-1], **closed)
    assert operator.read("acme-restored", **closed) == SIZES
    rows = production.stack.postgresql.query(
        operator.shell.named("acme-restored"),
        "SELECT count(*) FROM ir_attachment WHERE store_fname LIKE '%://%'",
    )
    assert rows == ["0"]


def test_odoo_s_own_dump_has_no_object_and_goes_on_when_it_is_moved(operator: Operator) -> None:
    production = operator.production
    [line] = re.findall(r"`(odoo db dump acme \S+)`", PAGE.section("Every night").text)
    operator.shell.run(line)
    dump = operator.shell.directory / f"{production.name}.zip"
    listed = operator.shell.run(f"unzip -l {dump.name}")
    objects = {key.rpartition("/")[2] for key in production.listing()}
    assert "dump.sql" in listed and objects and not [name for name in objects if name in listed]
    moved = production.by_restore(dump)
    production.stack.postgresql.drop(production.name)
    production.stack.postgresql.rename(moved, production.name)
    assert operator.read("acme") == SIZES
    assert operator.standing("acme") == "owner"
