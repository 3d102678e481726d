"""``docs/bare-metal.md``: its files, unchanged, run two front-ends behind nginx."""

import configparser
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.documented import Document
from support.front_end import Client
from support.operator_shell import OperatorShell

from dev.process import answers, free_ports
from dev.services import nginx
from dev.settings import child_environment
from dev.stack import Stack

PAGE = Document.page("bare-metal")
# the values that an administrator changes on this page, here the test
EXAMPLES = re.compile(r"^(\w+)=(.*(?:example\.com|change-me).*)$", re.MULTILINE)


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(PAGE.file("/etc/systemd/system/odoo.service"))
    return parser["Service"]


@dataclass
class Host:
    """One front-end, as systemd would start it."""

    folder: Path
    http_port: int
    gevent_port: int
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return self.http_port

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.http_port}/cloud_platform/ready", timeout=30
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Site:
    """A database called "acme" on the page, and everything around it."""

    def __init__(self, stack: Stack, name: str, folder: Path, data: Path) -> None:
        self.stack, self.name, self.folder = stack, name, folder
        self.environment_file = self._environment_file()
        self.shell = OperatorShell(
            stack, folder / "shell", data, {}, {"acme": name, **self.places()}
        )

    def places(self) -> dict[str, str]:
        return {"/etc/odoo/odoo.env": str(self.folder / "odoo.env")}

    def _environment_file(self) -> Path:
        """Write the page's file with the services of this machine in place of the examples."""
        known = self.stack.variables(self.name)
        text = PAGE.file("/etc/odoo/odoo.env").replace("acme", self.name)
        changed = EXAMPLES.sub(lambda found: f"{found[1]}={shlex.quote(known[found[1]])}", text)
        # the services of a developer's machine listen elsewhere
        more = {name: known[name] for name in ("PGPORT", "PGUSER", "ODOO_SESSION_REDIS_PORT")}
        changed += "".join(f"{name}={value}\n" for name, value in more.items())
        path = self.folder / "odoo.env"
        path.write_text(changed)
        return path

    def configuration(self, number: int, ports: list[int]) -> Path:
        """Write a host's configuration: the page's, with other folders, ports and addons."""
        odoo = self.stack.odoo
        values = {
            "addons_path": odoo.addons_path,
            "data_dir": str(self.folder / f"data{number}"),
            "http_port": str(ports[0]),
            "gevent_port": str(ports[1]),
            "workers": "2",  # four are more than a test needs
        }
        text = PAGE.file("/etc/odoo/odoo.conf").replace("acme", self.name)
        for option, value in values.items():
            text, count = re.subn(rf"^{option} = .*$", f"{option} = {value}", text, flags=re.M)
            assert count == 1, option
        if odoo.series != "19.0":
            text = text.replace("base,rpc,web", "base,web")
        path = self.folder / f"odoo{number}.conf"
        path.write_text(text + "http_interface = 127.0.0.1\n")
        return path

    def start(self, number: int) -> Host:
        ports = free_ports(29569 + 20 * number, 3)
        configuration = self.configuration(number, ports)
        # the line of the unit, with this machine's python, program and configuration
        program, script, *arguments = shlex.split(unit()["ExecStart"])
        assert (program, script) == ("/opt/odoo-venv/bin/python", "/opt/odoo/odoo-bin")
        arguments = [one.replace("/etc/odoo/odoo.conf", str(configuration)) for one in arguments]
        assert unit()["EnvironmentFile"] == "/etc/odoo/odoo.env"
        variables = dict(
            part.split("=", 1)
            for line in self.environment_file.read_text().splitlines()
            for part in shlex.split(line)
        )
        variables["ODOO_PROMETHEUS_PORT"] = str(ports[2])
        with (self.folder / f"log{number}").open("wb") as log:
            process = subprocess.Popen(
                [str(part) for part in self.stack.odoo.command(*arguments)],
                env=self.stack.odoo.environment(**variables),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return Host(self.folder / f"log{number}", ports[0], ports[1], process)

    def nginx(self, hosts: list[Host]) -> tuple[int, str]:
        """Write nginx's configuration: the page's file within the least that nginx needs."""
        [port] = free_ports(29669)
        text = PAGE.file("/etc/nginx/conf.d/odoo.conf").replace("listen 80;", f"listen {port};")
        for number, host in enumerate(hosts, 1):
            name = f"node{number}.example.com"
            text = text.replace(f"{name}:8069", f"127.0.0.1:{host.http_port}")
            text = text.replace(f"{name}:8072", f"127.0.0.1:{host.gevent_port}")
        assert "example.com" not in text
        return port, nginx.configuration(text)


@contextlib.contextmanager
def nginx_of(site: Site, hosts: list[Host]) -> Iterator[int]:
    port, text = site.nginx(hosts)
    configuration = site.folder / "nginx.conf"
    configuration.write_text(text)
    command = ["nginx", "-p", str(site.folder), "-c", str(configuration), "-e", "error.log"]
    path = f"{child_environment()['PATH']}:/usr/sbin:/sbin"
    process = subprocess.Popen(command, env={"PATH": path})
    try:
        wait_until(lambda: answers(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_until(condition: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    name = f"bare{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield Site(stack, name, tmp_path, data)


def test_the_page_s_files_run_two_front_ends_of_which_one_may_die(site: Site) -> None:
    shell_settings, _odoo_rc, installing = PAGE.section("The database, once").commands[:3]
    assert shell_settings.startswith("set -a; . /etc/odoo/odoo.env")
    output = site.shell.run(f"{shell_settings}; {installing}")
    assert "all checks passed" in output, output

    with contextlib.ExitStack() as until_the_end:
        hosts = []
        for number in range(2):
            hosts.append(site.start(number))
            until_the_end.callback(hosts[-1].kill)
        for host in hosts:
            wait_until(lambda host=host: host.ready() or host.process.poll() is not None)
            assert host.ready(), host.folder.read_text()
        port = until_the_end.enter_context(nginx_of(site, hosts))
        door = Host(site.folder, port, port, hosts[0].process)
        client = Client(site.name)
        assert client.log_in(door).result["uid"]
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30)
        assert caught.value.code == 403
        assert all(client.check(host).status == 200 for host in hosts)
        hosts[0].kill()
        for _request in range(10):
            assert client.write(door).result is True
        access = [
            json.loads(line)
            for line in hosts[1].folder.read_text().splitlines()
            if line.startswith("{") and "http_status" in line
        ]
        assert any(line["http_path"].endswith("/write") for line in access)


def test_wrong_settings_end_a_server_with_the_status_that_systemd_leaves_alone(
    site: Site,
) -> None:
    path = site.environment_file
    path.write_text(path.read_text() + "ODOO_SESSION_REDIS_PORT=none\n")
    host = site.start(0)
    host.process.wait(timeout=60)
    assert str(host.process.returncode) == unit()["RestartPreventExitStatus"]
    assert "ODOO_SESSION_REDIS_PORT" in host.folder.read_text()
