"""A server with wrong settings refuses to start; a shell with the same settings opens."""

import os
import subprocess
from collections.abc import Mapping
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


# in no line, wherever a person or a template puts it
SECRET = "Zq7xJ2wv"
LEAKS = {
    "ODOO_SESSION_REDIS_URL": f"rediss://odoo:a?{SECRET}@host/0?ssl_cert_reqs=none",
    "ODOO_SESSION_REDIS_SENTINEL_PASSWORD": f"{SECRET}\n",
    "ODOO_SESSION_REDIS_TLS_KEY": f"-----BEGIN PRIVATE KEY-----\n{SECRET * 600}\n",
    "STATSD_PORT": "udp://10.0.0.7:8125",
    "AWS_HOST": f"https://key:{SECRET}@s3.example.com",
    "AWS_PUBLIC_HOST": f"https://s3.example.com/?X-Amz-Credential={SECRET}",
    "AWS_PROXY": f"http://user:{SECRET}/x@proxy:3128",
    "AWS_SECRET_ACCESS_KEY": f"{SECRET} ",
    "AWS_CA_BUNDLE": f"-----BEGIN CERTIFICATE-----\n{SECRET * 600}\n",
    "ODOO_PROMETHEUS_TOKEN": f"{SECRET}\n",
    "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": f"{SECRET} ",
}


def odoo(
    instance: Instance,
    tmp_path: Path,
    *arguments: str,
    stdin: str = "",
    variables: Mapping[str, str] = WRONG,
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
        env=programs.environment(**{**instance.variables, "ODOO_STATSD": "1", **variables}),
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


def test_no_secret_is_in_what_a_start_says(prepared: Instance, tmp_path: Path) -> None:
    done = odoo(prepared, tmp_path, "--no-http", variables=LEAKS)
    assert done.returncode == os.EX_CONFIG, done.stdout
    assert [name for name in LEAKS if f"  - {name}: " not in done.stdout] == [], done.stdout
    assert SECRET not in done.stdout
    assert "Traceback" not in done.stdout
    words = "not its content"
    for reason in ("Kubernetes", "white space", words, "may not have a user"):
        assert reason in done.stdout


def test_a_group_that_is_off_is_not_looked_at(prepared: Instance, tmp_path: Path) -> None:
    off = {
        "ODOO_STATSD": "0",
        "STATSD_PORT": LEAKS["STATSD_PORT"],
        "ODOO_PROMETHEUS": "0",
        "ODOO_PROMETHEUS_PORT": "tcp://10.0.0.8:9090",
        "DISABLE_ATTACHMENT_STORAGE": "1",
        "AWS_HOST": "ftp://",
        "AWS_READ_TIMEOUT": "soon",
    }
    done = odoo(prepared, tmp_path, "--no-http", "--stop-after-init", variables=off)
    assert done.returncode == 0, done.stdout
    assert [name for name in off if f"{name}: " in done.stdout] == [], done.stdout
