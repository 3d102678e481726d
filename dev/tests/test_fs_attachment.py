"""``docs/migration-from-fs-attachment.md``, from the real ``fs_storage`` and ``fs_attachment``.

They come as packages into a separate folder: they need other S3 libraries than
the suite needs.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support.buckets import s3_client
from support.documented import Document
from support.operator_shell import OperatorShell
from support.production import Production

from dev.console import run
from dev.environments import REQUIREMENTS, made_once
from dev.settings import child_environment
from dev.stack import Stack

PAGE = Document.page("migration-from-fs-attachment")
IN_BUCKET = PAGE.section("The files are in an S3 bucket").commands
ELSEWHERE = PAGE.section("The files are anywhere else").commands
LOOK = [line for line in PAGE.commands if line.startswith("psql -d acme -c")]

CREATE = """
import hashlib, json
env["fs.storage"].create({
    "name": "Production", "code": "fsprod", "protocol": %(protocol)r,
    "options": json.dumps(%(options)r), "directory_path": %(path)r,
    "use_as_default_for_attachments": True, "optimizes_directory_path": True,
})
env.cr.commit()
model = env["ir.attachment"]
made = model.browse()
for number in range(6):
    raw = b"file %%d" %% number if number %% 2 else b"large" * 100_000 + b"%%d" %% number
    values = {"name": f"Überblick {number}.pdf", "raw": raw, "mimetype": "application/pdf"}
    made += model.create(values)
made[5].write({"raw": b"rewritten"})
made[4].unlink()
env.cr.commit()
print("ANSWER " + json.dumps([one.store_fname for one in made - made[4]]))
"""
READ = """
import hashlib, json
env.cr.execute("SELECT id FROM ir_attachment WHERE name LIKE 'Überblick%' ORDER BY id")
found = env["ir.attachment"].browse([number for number, in env.cr.fetchall()])
print("ANSWER " + json.dumps([
    [one.store_fname, hashlib.sha1(one.raw).hexdigest() == one.checksum, len(one.raw)]
    for one in found
]))
"""
LENGTHS = [500_001, 6, 500_001, 6, 9]


@pytest.fixture(scope="module")
def packages(stack: Stack) -> Path:
    """The folder with fs_attachment and its requirements."""
    series = stack.odoo.series
    folder = stack.state / "install" / f"fs-attachment-{series}"
    libraries = REQUIREMENTS / "fs-attachment.txt"
    addons = [f"odoo-addon-fs-{name}=={series}.*" for name in ("attachment", "storage")]
    pip = [stack.odoo.venv.python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]

    def install() -> None:
        run([*pip, "--target", folder, "-r", libraries], env=child_environment())
        run([*pip, "--target", folder, "--no-deps", *addons], env=child_environment())

    with stack.lock("lock-of-fs-attachment"):
        ingredients = [libraries.read_text(), *addons]
        made_once(folder, "Installing fs_attachment", ingredients, install)
    return folder


class Old:
    """A database whose files fs_attachment keeps, and its operator."""

    def __init__(self, stack: Stack, name: str, data: Path, packages: Path, folder: Path) -> None:
        self.stack, self.name, self.data, self.folder = stack, name, data, folder
        self.plain = Production(stack, name, data, None)
        self.names = {"acme-odoo-prod": self.bucket, "acme": name}
        # with the addons and libraries of fs_attachment, until it is uninstalled
        self.before = OperatorShell(
            stack, folder / "before", data, self.variables, self.names, packages
        )
        self.after = OperatorShell(stack, folder / "after", data, self.variables, self.names)
        for shell in (self.before, self.after):
            for block in PAGE.blocks:
                if block.language in ("python", "sql"):
                    for name in block.files:
                        (shell.directory / name).write_text(shell.named(block.text))

    @property
    def bucket(self) -> str:
        return f"{self.name}-odoo-prod"

    @property
    def variables(self) -> dict[str, str]:
        return self.stack.variables(self.name)

    def shell(self, code: str) -> object:
        """Run code where fs_attachment is, and return its answer."""
        (self.before.directory / "code.py").write_text(code)
        output = self.before.run(f"odoo shell -d {self.name} --no-http < code.py")
        return json.loads(output.rpartition("ANSWER ")[2].splitlines()[0])

    def keep_files(self, protocol: str, options: Mapping[str, object], path: str) -> list[str]:
        self.before.run(f"odoo -d {self.name} -i fs_attachment --stop-after-init --no-http")
        values = {"protocol": protocol, "options": dict(options), "path": path}
        names = self.shell(CREATE % values)
        assert isinstance(names, list)
        return [str(name) for name in names]

    def read(self, data: Path | None = None) -> list[tuple[str, bool, int]]:
        """Return name, whether it is what its checksum says, and length of each file."""
        reader = Production(self.stack, self.name, data or self.data, None)
        found = reader.shell(self.name, READ, self.variables)
        return [(str(name), right, length) for name, right, length in found]


@pytest.fixture
def make(stack: Stack, packages: Path, tmp_path: Path) -> Iterator[Callable[[], Old]]:
    name = f"oldfs{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield lambda: Old(stack, name, data, packages, tmp_path)


def test_files_in_a_bucket_stay_there_and_are_read(make: Callable[[], Old]) -> None:
    old = make()
    store = s3_client(old.variables)
    store.create_bucket(Bucket=old.bucket)
    options = {
        "endpoint_url": old.variables["AWS_HOST"],
        "key": old.variables["AWS_ACCESS_KEY_ID"],
        "secret": old.variables["AWS_SECRET_ACCESS_KEY"],
        "client_kwargs": {"region_name": "us-east-1"},
    }
    names = old.keep_files("s3", options, f"{old.bucket}/files")
    assert len(names) == 5 and all(name.startswith("fsprod://") for name in names)
    for line in LOOK:
        assert "fsprod" in old.before.run(line)
    objects = {entry["Key"] for entry in store.list_objects_v2(Bucket=old.bucket)["Contents"]}

    uninstalling, installing, owning = IN_BUCKET
    old.before.run(uninstalling)
    old.after.run(installing)
    found = old.read()
    expected = [name.replace("fsprod://", f"s3://{old.bucket}/files/") for name in names]
    assert found == [(name, True, length) for name, length in zip(expected, LENGTHS, strict=True)]
    kept = {entry["Key"] for entry in store.list_objects_v2(Bucket=old.bucket)["Contents"]}
    assert objects <= kept, "no object has gone"

    old.after.run(owning)
    moved = old.read()
    assert [(right, length) for _name, right, length in moved] == [(True, n) for n in LENGTHS]
    assert not [name for name, *_rest in moved if "/files/" in name]


def test_files_in_a_folder_are_taken_home_and_moved(
    make: Callable[[], Old], tmp_path: Path
) -> None:
    old = make()
    folder = tmp_path / "storage"
    folder.mkdir()
    names = old.keep_files("file", {"auto_mkdir": True}, str(folder))
    assert len(names) == 5
    # one is lost already: it is named, and nothing empty takes its place
    lost = folder / names[0].partition("://")[2]
    lost.rename(tmp_path / "lost")
    [taking] = ELSEWHERE  # and uninstalling, if nothing is left
    # fs_attachment of 19.0 logs why
    assert old.before.run(taking, tracebacks=True, status=1).count("not taken home:") == 1
    (tmp_path / "lost").rename(lost)
    assert "not taken home:" not in old.before.run(taking)
    assert all(right for _name, right, _length in old.read())
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()

    old.after.run(IN_BUCKET[1])
    found = old.read(tmp_path / "elsewhere")
    assert [(right, length) for _name, right, length in found] == [(True, n) for n in LENGTHS]
    assert all(name.startswith(f"s3://{old.bucket}/") for name, *_rest in found)
