"""``docs/migration-from-files.md``: files and sessions of one server become common to all."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.documented import Document
from support.front_end import Client, FrontEnd
from support.operator_shell import OperatorShell
from support.production import Production

from dev.stack import Stack

PAGE = Document.page("migration-from-files")
SWITCH = PAGE.section("The switch").commands
CREATE = """
model = env["ir.attachment"]
for number in range(12):
    raw = b"file %d" % number if number % 2 else b"large" * 100_000 + b"%d" % number
    model.create({"name": f"of a file {number}", "raw": raw, "mimetype": "application/pdf"})
env.cr.commit()
"""
# every row with its content, read anew, in every storage
CHECKSUMS = """
import hashlib, json
env.cr.execute("SELECT id, checksum FROM ir_attachment WHERE type = 'binary'"
               " AND (store_fname IS NOT NULL OR db_datas IS NOT NULL)")
wrong = [number for number, checksum in env.cr.fetchall()
         if hashlib.sha1(env["ir.attachment"].browse(number).raw).hexdigest() != checksum]
print("ANSWER " + json.dumps(wrong))
"""


@dataclass
class Site:
    """A database as one server has it, with its data directory."""

    stack: Stack
    name: str
    data: Path

    @property
    def variables(self) -> dict[str, str]:
        return self.stack.variables(self.name)

    def places(self) -> set[str]:
        return set(
            self.stack.postgresql.query(
                self.name,
                "SELECT DISTINCT CASE WHEN store_fname IS NULL THEN 'db' WHEN store_fname LIKE"
                " 's3://%' THEN 's3' ELSE 'file' END FROM ir_attachment WHERE type = 'binary'"
                " AND (store_fname IS NOT NULL OR octet_length(db_datas) > 0)",
            )
        )

    def wrong_files(self, data: Path) -> object:
        """Return the attachments that cannot be read as they were, with ``data`` as the disk."""
        return Production(self.stack, self.name, data, None).shell(
            self.name, CHECKSUMS, self.variables
        )


@pytest.fixture
def site(stack: Stack) -> Iterator[Site]:
    name = f"files-{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        plain = Production(stack, name, data, None)
        plain.shell(name, CREATE, stack.postgresql.env)
        yield Site(stack, name, data)


def test_a_move_from_local_files_loses_no_file_and_no_log_in(site: Site, tmp_path: Path) -> None:
    client = Client(site.name)
    before = FrontEnd(site.stack, site.name, site.data, tmp_path)
    with before.started(variables={}, load=""):
        assert client.log_in(before).result["uid"]
    assert "file" in site.places() and "s3" not in site.places()

    shell = OperatorShell(
        site.stack, tmp_path / "shell", site.data, site.variables, {"acme": site.name}
    )
    switching, *moving = SWITCH
    assert re.search(r"\b[1-9]\d* copied", shell.run(switching))
    load = "session_redis,attachment_s3,cloud_platform"
    first = FrontEnd(site.stack, site.name, site.data, tmp_path)
    with first.started(variables=site.variables, load=load):
        assert client.check(first).status == 200
        # while people work
        for line in moving:
            shell.run(line)
        assert client.check(first).status == 200
    assert site.places() <= {"db", "s3"} and "s3" in site.places()

    # another host: nothing of the first one's disk
    elsewhere = tmp_path / "elsewhere"
    second = FrontEnd(site.stack, site.name, elsewhere, tmp_path, 1)
    with second.started(variables=site.variables, load=load):
        assert client.check(second).status == 200 and not client.check(second).error
        assert client.write(second).result is True
    assert site.wrong_files(elsewhere) == []

    [purge] = PAGE.section("After").commands
    assert re.search(r"\b[1-9]\d* purged", shell.run(purge))
    assert not list((site.data / "sessions").glob("??/*"))

    # and back again
    [back] = PAGE.section("Back to local files").commands
    shell.run(back)
    assert site.places() <= {"db", "file"} and "file" in site.places()
    assert site.wrong_files(site.data) == []
