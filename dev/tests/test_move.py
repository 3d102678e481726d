"""A move between storages whose process is killed half way."""

import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from dev.manifests import manifests
from dev.process import free_ports
from dev.settings import REPOSITORY
from dev.stack import Stack, project_of

FILES = 1500
IN_FLIGHT = 100 + 16  # rows of a commit, and the threads
MOVE = """
import json, sys
sys.path.insert(0, {repository!r})
from odoo.addons.cloud_base.tests.faults import FaultProxy
model = type(env["ir.attachment"])
direct = env["ir.attachment"]._s3_settings()
with FaultProxy({host!r}, {port}) as proxy:
    settings = direct.model_copy(update={{"endpoint": proxy.url}})
    model._s3_settings = lambda records: settings
    def note(report):
        puts = [line.split()[1] for line in proxy.requests if line.startswith("PUT ")]
        print(json.dumps([report.moved, len(puts), len(set(puts))]), flush=True)
    report = env["ir.attachment"].with_context(storage_location="s3")._move(progress=note)
    note(report)
"""
CREATE = """
env["ir.attachment"]._get_object_store("s3").create_container()
env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
env["ir.attachment"].with_context(storage_location="file").create([
    {{"name": "killed", "mimetype": "application/pdf", "raw": b"%d of {unique}" % number}}
    for number in range({files})
])
env.cr.commit()
"""
STORED = "SELECT count(*) FROM ir_attachment WHERE name = 'killed' AND store_fname LIKE 's3://%'"


class Shells:
    """``odoo shell`` on a separate database."""

    def __init__(self, stack: Stack, name: str, data: Path) -> None:
        self.stack, self.name, self._data = stack, name, data
        self._variables = stack.variables(project_of(name), "dev")

    def begin(self, code: str) -> "subprocess.Popen[str]":
        odoo = self.stack.odoo
        port, gevent_port = free_ports(29469, 2)
        command = odoo.command(
            *("shell", "-d", self.name, "--addons-path", odoo.addons_path),
            *("--data-dir", self._data, "--log-level=error", "--http-interface=127.0.0.1"),
            *(f"--http-port={port}", f"--gevent-port={gevent_port}"),
        )
        process = subprocess.Popen(
            [str(part) for part in command],
            env=odoo.environment(**self._variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(code)
        process.stdin.close()
        return process

    def move(self) -> "subprocess.Popen[str]":
        url = urlsplit(self._variables["AWS_HOST"])
        values = {"repository": str(REPOSITORY), "host": url.hostname, "port": url.port}
        return self.begin(f"exec({MOVE.format(**values)!r})\n")

    def stored(self) -> int:
        env = self.stack.postgresql.env
        connection = psycopg2.connect(
            dbname=self.name,
            host=env["PGHOST"],
            port=env["PGPORT"],
            user=env["PGUSER"],
            password=env["PGPASSWORD"],
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(STORED)
                return int(cursor.fetchone()[0])
        finally:
            connection.close()


@pytest.fixture
def shells(stack: Stack) -> Iterator[Shells]:
    name = f"move_{uuid.uuid4().hex[:8]}"
    variables = stack.variables(project_of(name), "dev")
    with stack.database(name, list(manifests()), variables) as data:
        yield Shells(stack, name, data)


def test_after_a_kill_half_way_only_what_was_in_flight_is_sent_again(shells: Shells) -> None:
    code = CREATE.format(unique=uuid.uuid4().hex, files=FILES)
    assert shells.begin(f"exec({code!r})\n").wait(300) == 0
    first = shells.move()
    deadline = time.monotonic() + 120
    while shells.stored() < FILES // 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.wait(60)
    committed = shells.stored()
    assert FILES // 3 <= committed < FILES, committed
    second = shells.move()
    assert second.stdout
    lines = second.stdout.read()
    assert second.wait(60) == 0, lines
    moved, puts, distinct = json.loads(lines.splitlines()[-1])
    assert moved == puts == distinct == FILES - committed, "committed files are not sent again"
    assert shells.stored() == FILES
    assert first.stdout
    sent = [json.loads(line) for line in first.stdout if line.startswith("[")]
    # the last line of the killed process is as old as its last commit
    assert all(was_sent - was_moved <= IN_FLIGHT for was_moved, was_sent, _d in sent), sent
