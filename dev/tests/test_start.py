"""A server with wrong settings refuses to start; a shell with the same settings opens."""

import os
import subprocess
from pathlib import Path

import pytest

from dev.instance import Instance
from dev.process import answers, free_ports

WRONG = {
    "ODOO_SESSION_REDIS_PORT": "sixty-three",
    "ODOO_SESSION_REDIS_EXPIRATION": "-1",
    "ODOO_CLOUD_PLATFORM_UNSAFE": "perhaps",
    "AWS_CONNECT_TIMEOUT": "soon",
    "STATSD_PORT": "plenty",
    "AWS_ACCESS_KEY_ID": "",  # without it, AWS_SECRET_ACCESS_KEY is a mistake
}


def odoo(
    instance: Instance, tmp_path: Path, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run an Odoo process of the suite with wrong variables, to its end."""
    programs = instance.stack.odoo
    command = [
        *programs.command(*arguments),
        *("-d", instance.name, "--addons-path", programs.addons_path, "--data-dir", tmp_path),
        *("--load", programs.server_wide_modules),
    ]
    return subprocess.run(
        [str(part) for part in command],
        env=programs.environment(**{**instance.variables, **WRONG}),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_wrong_settings_stop_the_server_with_all_of_them(
    prepared: Instance, tmp_path: Path, workers: int
) -> None:
    port, gevent_port = free_ports(29069, 2)
    done = odoo(
        prepared,
        tmp_path,
        *(f"--http-port={port}", f"--gevent-port={gevent_port}", f"--workers={workers}"),
    )
    assert done.returncode == os.EX_CONFIG, done.stdout
    named = [name for name in WRONG if name in done.stdout]
    assert named == list(WRONG), done.stdout
    assert "HTTP service" not in done.stdout
    assert not answers(port)
    assert prepared.variables["AWS_SECRET_ACCESS_KEY"] not in done.stdout
    for value in ("sixty-three", "perhaps", "soon", "plenty"):
        assert value not in done.stdout


def test_a_shell_opens_on_the_same_settings_and_warns(prepared: Instance, tmp_path: Path) -> None:
    # `odoo shell` wants its command first
    done = odoo(prepared, tmp_path, "shell", "--no-http", stdin="print('uid is', env.uid)\n")
    assert done.returncode == 0, done.stdout
    assert "uid is 1" in done.stdout
    assert [name for name in WRONG if name in done.stdout] == list(WRONG), done.stdout
    assert "WARNING" in done.stdout and "CRITICAL" not in done.stdout
