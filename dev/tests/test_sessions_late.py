"""``session_redis`` installed from the Apps screen of a server that was started without it."""

import uuid
from pathlib import Path

import pytest
from support.apps import install
from support.front_end import Client, FrontEnd

from dev.stack import Stack

LATE = "ODOO_SESSION_REDIS is set, but session_redis is not in --load: sessions stay in files"


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("enabled", ["", "1"], ids=["unset", "set"])
def test_installing_it_late_leaves_the_server_and_its_sessions_alone(
    stack: Stack, tmp_path: Path, workers: str, enabled: str
) -> None:
    name = f"late_{uuid.uuid4().hex[:8]}"
    # a server that cannot be reached: no process may ask it
    variables = {
        "ODOO_SESSION_REDIS": enabled,
        "ODOO_SESSION_REDIS_HOST": "127.0.0.1",
        "ODOO_SESSION_REDIS_PORT": "1",
    }
    with stack.database(name, [], {}) as data:
        front_end = FrontEnd(stack, name, data, tmp_path)
        client, other = Client(name), Client(name)
        started = front_end.started(f"--workers={workers}", variables=variables, load="")
        with started:
            assert client.log_in(front_end).result["uid"]
            install(client, front_end, "session_redis")
            assert "session_redis" in stack.databases.installed(name)
            for _request in range(12):  # of every worker
                assert not client.check(front_end).error
            assert other.log_in(front_end).result["uid"]
            assert not other.check(front_end).error
        files = {path.name for path in (data / "sessions").rglob("*") if path.is_file()}
        assert {client.sid, other.sid} <= files
        text = front_end.log.read_text()
        assert "Traceback" not in text, text[-4000:]
        # a line for each process that came to know of it
        processes = {line.split()[2] for line in text.splitlines() if LATE in line}
        assert text.count(LATE) == len(processes)
        assert bool(processes) == bool(enabled)
        # and the next start is well
        with front_end.started(f"--workers={workers}", variables=variables, load=""):
            assert not client.check(front_end).error


def test_the_platform_tells_of_it(stack: Stack, tmp_path: Path) -> None:
    name = f"late_{uuid.uuid4().hex[:8]}"
    variables = {
        "RUNNING_ENV": "prod",
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_HOST": "127.0.0.1",
        "ODOO_SESSION_REDIS_PREFIX": "late-odoo-prod",
    }
    script = """
from odoo.addons.cloud_platform.checks import registry
print("FOUND", [finding.id for finding in registry.run(None).errors])
"""
    with stack.database(name, ["cloud_platform"], variables) as data:
        front_end = FrontEnd(stack, name, data, tmp_path)
        for load, complains in (("", True), ("session_redis", False)):
            done = front_end.run("shell", "--no-http", variables=variables, text=script, load=load)
            found = done.stdout.rpartition("FOUND")[2]
            assert ("session-redis-loaded" in found) == complains, done.stdout[-3000:]
