"""A move of large files needs little memory of its process, for files of any size."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.production import Production, production_of

from dev.stack import Stack

MIB = 1024 * 1024
FILES = 8  # each has a thread
SIZE = 96 * MIB
# a part of an upload (16 MiB), data on its way, and libraries' buffers, for each thread
ALLOWED = FILES * 24 * MIB

# rows with local files: written past Odoo, which would hold each in memory
CREATE = """
import hashlib, json, os
model = env["ir.attachment"].with_context(storage_location="file")
env["ir.config_parameter"].set_param("ir_attachment.storage.force.database", "{}")
for number in range(%(files)d):
    one = model.create({"name": "large", "mimetype": "application/pdf", "raw": b"%%d" %% number})
    chunk = os.urandom(1024 * 1024)
    digest = hashlib.sha1()
    path = os.path.join(model._filestore(), "large-%%d" %% number)
    with open(path, "wb") as file:
        for _chunk in range(%(size)d // len(chunk)):
            digest.update(chunk)
            file.write(chunk)
    name = f"{digest.hexdigest()[:2]}/{digest.hexdigest()}"
    os.makedirs(os.path.dirname(model._full_path(name)), exist_ok=True)
    os.rename(path, model._full_path(name))
    env.flush_all()
    env.cr.execute("UPDATE ir_attachment SET store_fname = %%s, checksum = %%s, file_size = %%s"
                   " WHERE id = %%s", [name, digest.hexdigest(), %(size)d, one.id])
env.cr.commit()
print("ANSWER []")
"""
MOVE = """
import json
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
model = env["ir.attachment"].with_context(storage_location=%(location)r)
store = model._get_object_store(%(location)r)
if store is not None:
    store.create_container()
    model._claim_store()
    env.cr.commit()
    store.exists("once")  # what a first request loads
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak begins anew
before = peak()
report = model._move(verify=%(verify)r)
print("ANSWER " + json.dumps([report.moved, report.bytes, report.failed, peak() - before]))
"""


@dataclass
class Large:
    production: Production
    variables: dict[str, str]

    def shell(self, code: str) -> Any:
        return self.production.shell(self.production.name, code, self.variables)

    def move(self, location: str, verify: bool = False) -> int:
        """Move all files, and return by how many bytes the process has grown at most."""
        code = MOVE % {"location": location, "verify": verify}
        moved, size, failed, grown = self.shell(code)
        assert (failed, moved >= FILES, size >= FILES * SIZE) == ([], True, True)
        print(json.dumps({"to": location, "MiB": round(grown / MIB)}))
        return int(grown)


@pytest.fixture
def large(stack: Stack) -> Iterator[Large]:
    with production_of(stack, "large") as production:
        variables = {
            **production.variables,
            **stack.swift.env(),
            "SWIFT_WRITE_CONTAINER": production.bucket,
        }
        large = Large(production, variables)
        large.shell(CREATE % {"files": FILES, "size": SIZE})
        yield large


def test_files_on_their_way_are_not_held_in_memory(large: Large) -> None:
    assert ALLOWED < FILES * SIZE / 2, "to hold them would take more"
    for location in ("s3", "file", "swift", "s3"):
        assert large.move(location, verify=location == "s3") < ALLOWED, location
