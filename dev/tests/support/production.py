"""A production database on a store that is reached through a proxy, and operations on it."""

import contextlib
import importlib.util
import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from dev.manifests import manifests
from dev.settings import REPOSITORY
from dev.stack import Stack

from .sites import json_in

MARK = "ANSWER "  # before the JSON that a shell answers
FILES = """
import json
from odoo.addons.base_attachment_object_storage.store import StoreError, StoreUri
values = {"name": "of production", "mimetype": "application/pdf"}
model = env["ir.attachment"]
mine = model.search([("name", "=", "of production")], order="id")
"""
CREATE = (
    FILES
    + """
model.create([{**values, "raw": b"file %d" % n} for n in range(20)])
model.create({**values, "raw": b"x" * 300_000})
env.cr.commit()
"""
)
DELETE = (
    FILES
    + """
mine[:5].unlink()
mine[5].write({"raw": b"rewritten"})
env.cr.commit()
print("ANSWER []")
"""
)
RESTORE = """
from odoo.service import db
db.restore_db({name!r}, {dump!r}, copy=False)
"""
SIZES = [6] * 10 + [7] * 10 + [300_000]
READ = (
    FILES
    + """
store = model._get_object_store("s3")
found = [store.read(StoreUri.parse(one.store_fname).key) == one.raw != b"" for one in mine]
print("ANSWER " + json.dumps(found))
"""
)


def fault_proxy(host: str, port: int) -> Any:
    path = REPOSITORY / "cloud_base/tests/faults.py"
    specification = importlib.util.spec_from_file_location("faults", path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.FaultProxy(host, port)


@dataclass
class Production:
    """The database, its bucket, and the way there; ``proxy`` counts its requests."""

    stack: Stack
    name: str
    data: Path
    proxy: Any
    copies: list[str] = field(default_factory=list)

    @property
    def bucket(self) -> str:
        return self.variables["AWS_BUCKETNAME"]

    @property
    def variables(self) -> dict[str, str]:
        return {**self.stack.variables(self.name), "AWS_HOST": self.proxy.url}

    def own(self, copy: str) -> dict[str, str]:
        """Return the variables of an environment of the copy's own."""
        return {**self.stack.variables(copy, "integration"), "AWS_HOST": self.proxy.url}

    def odoo(
        self, *arguments: str, variables: dict[str, str], text: str = "", status: int = 0
    ) -> str:
        odoo = self.stack.odoo
        done = subprocess.run(
            [str(part) for part in odoo.command(*arguments)],
            env=odoo.environment(**variables),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def shell(self, database: str, code: str, variables: dict[str, str], status: int = 0) -> Any:
        odoo = self.stack.odoo
        output = self.odoo(
            *("shell", *(["-d", database] if database else []), "--no-http"),
            *("--addons-path", odoo.addons_path),
            *("--data-dir", str(self.data), "--load", odoo.server_wide_modules),
            variables=variables,
            text=f"exec({code!r})\n",
            status=status,
        )
        answers = [line for line in output.splitlines() if MARK in line]
        assert answers or "Traceback" not in output, output
        return json.loads(answers[-1].partition(MARK)[2]) if answers else None

    def platform(self, database: str, variables: dict[str, str], *what: str, **how: int) -> str:
        odoo = self.stack.odoo
        return self.odoo(
            *(f"--addons-path={odoo.addons_path}", "cloud_platform", *what, "-d", database),
            *("--data-dir", str(self.data), "--load", odoo.server_wide_modules),
            variables=variables,
            **how,
        )

    def db(self, *arguments: str) -> None:
        """Run Odoo's own command for databases, like on production's server."""
        folders = (f"--addons-path={self.stack.odoo.addons_path}", f"--data-dir={self.data}")
        self.odoo("db", *folders, *arguments, variables=self.variables)

    def answer(self, database: str, variables: dict[str, str], *what: str, **how: int) -> Any:
        return json_in(self.platform(database, variables, *what, "--json", **how))

    def new_name(self) -> str:
        name = f"{self.name}-c{len(self.copies)}"
        self.copies.append(name)
        return name

    def by_restore(self, dump: Path) -> str:
        """Return a new database, restored from Odoo's own dump without "copy"."""
        name = self.new_name()
        # without a database: production, when it is loaded, may write to its own bucket
        self.shell("", RESTORE.format(name=name, dump=str(dump)), self.variables)
        return name

    def harm(self) -> list[str]:
        """Return the requests that would change something in production's bucket."""
        bucket = re.compile(rf"(PUT|POST|DELETE|PATCH|COPY) /{re.escape(self.bucket)}(?![^/?])")
        return [request for request in self.proxy.requests if bucket.match(request)]

    def listing(self) -> dict[str, tuple[Any, ...]]:
        """Return what production's bucket holds, by key; a change shows."""
        client = boto3.client(
            "s3",
            endpoint_url=self.stack.seaweedfs.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
        )
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {
            entry["Key"]: (entry["ETag"], entry["Size"], entry["LastModified"])
            for page in pages
            for entry in page.get("Contents", [])
        }


@contextlib.contextmanager
def production_of(stack: Stack, name: str) -> Iterator[Production]:
    """Give a database of the suite that is installed, with some files."""
    name = f"{name}-{uuid.uuid4().hex[:8]}"
    url = urlsplit(stack.seaweedfs.endpoint)
    with contextlib.ExitStack() as entered:
        proxy = entered.enter_context(fault_proxy(url.hostname or "", url.port or 0))
        data = entered.enter_context(
            stack.database(name, list(manifests()), stack.variables(name))
        )
        production = Production(stack, name, data, proxy)
        production.platform(name, production.variables, "install", "--kind", "s3")
        production.shell(name, CREATE, production.variables)
        yield production
        for copy in production.copies:
            stack.postgresql.drop(copy)
