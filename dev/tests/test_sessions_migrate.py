"""``odoo session_redis migrate``: front-ends go from files to Redis, and no user logs in again."""

import json
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from support.front_end import Client, FrontEnd

from dev.process import free_ports
from dev.stack import Stack


@dataclass
class Command:
    """The command, run as an operator does."""

    stack: Stack
    data: Path
    variables: Mapping[str, str]

    def run(self, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        odoo = self.stack.odoo
        command = odoo.command(
            *(f"--addons-path={odoo.addons_path}", "session_redis", "migrate"),
            *("--data-dir", self.data, *options),
        )
        environment = odoo.environment(**{**self.variables, **more})
        return subprocess.run(
            [str(part) for part in command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def report(self, *options: str) -> dict[str, Any]:
        done = self.run("--json", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(json.loads(done.stdout))


def test_switch_from_files_logs_nobody_out(stack: Stack, tmp_path: Path) -> None:
    name = f"migrate_{uuid.uuid4().hex[:8]}"
    variables = {**stack.redis.env, "ODOO_SESSION_REDIS_PREFIX": f"{name}-odoo-test"}
    service = stack.redis
    server = redis.Redis("127.0.0.1", service.port, password=service.password)
    pattern = f"session:{name}-odoo-test:*"
    with stack.database(name, [], {}) as data:
        front_end = FrontEnd(stack, name, data, tmp_path)
        command = Command(stack, data, variables)
        files = data / "sessions"
        first, second = Client(name), Client(name)
        try:
            with front_end.started(variables={}, load=""):
                assert first.log_in(front_end).result["uid"]
                dry = command.report("--dry-run")
                assert dry["copied"] == dry["found"] > 0
                assert not server.keys(pattern)
                assert command.report()["failed"] == 0
                # after the first run, and before the front-end stops
                assert second.log_in(front_end).result["uid"]
                assert first.write(front_end).result is True
            last = command.report()
            # on 17.0, work does not change who did it: that session is there as it is
            present = 1 if stack.odoo.series == "17.0" else 0
            assert (last["copied"], last["present"]) == (last["found"] - present, present), last
            assert last["found"] > 1, last
            assert command.report()["present"] == last["found"]
            with front_end.started(variables=variables):
                for client in (first, second):
                    assert not client.check(front_end).error
                    assert client.write(front_end).result is True
            # as the addon's readme says
            session = f"dict(odoo.http.root.session_store.get({first.sid!r}))"
            shell = front_end.run(
                "shell", "--no-http", variables=variables, text=f"print({session})\n"
            )
            assert "'login': 'admin'" in shell.stdout, shell.stdout
            assert any(path.is_file() for path in files.rglob("*"))
            assert command.report("--purge")["purged"] == last["found"]
            assert not any(path.is_file() for path in files.rglob("*"))
            with front_end.started(variables=variables):
                for client in (first, second):
                    assert not client.check(front_end).error
                    client.log_out(front_end)
        finally:
            for key in server.keys(pattern):
                server.delete(key)


def test_status_says_what_is_wrong(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    prefix = {"ODOO_SESSION_REDIS_PREFIX": "migrate-odoo-test"}
    command = Command(stack, tmp_path, {**stack.redis.env, **prefix})
    assert command.run().returncode == os.EX_OK
    off = command.run(ODOO_SESSION_REDIS="0")
    assert off.returncode == os.EX_CONFIG
    assert "ODOO_SESSION_REDIS: " in off.stdout
    wrong = command.run(ODOO_SESSION_REDIS_PORT="none")
    assert wrong.returncode == os.EX_CONFIG
    assert "ODOO_SESSION_REDIS_PORT: " in wrong.stdout
    absent = command.run("--path", str(tmp_path / "none"))
    assert (absent.returncode, "none: there is no such folder" in absent.stdout) == (78, True)
    dead = command.run(ODOO_SESSION_REDIS_PORT=str(free_ports(27095)[0]))
    assert dead.returncode == os.EX_TEMPFAIL, dead.stdout + dead.stderr
    assert "Redis does not answer" in dead.stdout
