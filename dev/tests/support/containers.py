"""Containers without an engine: processes of this machine, as the files of docker/ describe them.

The content of the files is used unchanged. The differences to a container are:

===========================================  ==================================================
a service's name, 127.0.0.1 and 0.0.0.0      an address of 127.0.0.0/8: each container has one
a path of the image, or below a mount        the same path below a folder of the container
PostgreSQL's host and port                   from the development stack
/usr/bin/odoo, python3, core's addons        from the stack, whose source may have a second
                                             folder of addons
listening at all addresses                   listening at the container's
a published port of nginx                    a free one
SeaweedFS's ports for gRPC                   free ones: its sockets in /tmp are named after them
===========================================  ==================================================
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dev.console import DevError
from dev.process import Daemon, free_ports
from dev.settings import child_environment

from .deployment_files import Container

if TYPE_CHECKING:
    from .machine import Machine

# folders that every image has
ODOO_FOLDERS = ("/etc/odoo", "/opt", "/usr/local/bin")
FOLDERS = {"nginx": ("/etc/nginx",)}
# the base image's, which the Dockerfile does not repeat
BASE_VARIABLES = {"ODOO_RC": "/etc/odoo/odoo.conf"}
DEFAULT_COMMAND = {"nginx": ("nginx", "-g", "daemon off;")}
PROGRAM = "/usr/bin/odoo"
# the options that separate a service from others like it: its address, its own sockets
REDIS_AT = "exec redis-server - --bind {address} "
WEED_APART = "-filer.localSocket=filer.sock"
WEED_PARTS = ("master", "volume", "filer", "s3")
NGINX = """\
{user}pid nginx.pid;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    log_format served '$request_method $uri $status $upstream_addr';
    access_log access.log served;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include /etc/nginx/conf.d/*.conf;
}}
"""


class Running:
    """A container on the machine: its folder, its address and its process."""

    def __init__(self, machine: "Machine", container: Container, name: str) -> None:
        self.machine = machine
        self.container = container
        self.name = name
        self.address = machine.address(name)
        self.root = machine.directory / name
        self.daemon = Daemon(self.root / "process")
        self.log = self.daemon.log
        shutil.rmtree(self.root, ignore_errors=True)  # of one that was stopped
        self._fill()

    def _fill(self) -> None:
        for target, source in self.container.mounts.items():
            path = Path(f"{self.root}{target}")
            if source is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.local(source.read_text()))
        if self.container.is_odoo:
            self._fill_odoo()
        if self._image == "nginx":
            self._fill_nginx()

    def _fill_odoo(self) -> None:
        for folder in ("/etc/odoo", "/usr/local/bin"):
            for source in Path(f"{self.machine.image}{folder}").iterdir():
                path = Path(f"{self.root}{folder}") / source.name
                path.parent.mkdir(parents=True, exist_ok=True)
                text = self.local(source.read_text())
                if source.name == "odoo.conf":
                    text = self._with_core_addons(text) + f"http_interface = {self.address}\n"
                path.write_text(text)
                path.chmod(source.stat().st_mode)

    def _with_core_addons(self, text: str) -> str:
        core = self.machine.core_addons
        return re.sub(r"^(addons_path = .*)$", rf"\1,{core}", text, flags=re.MULTILINE)

    def _fill_nginx(self) -> None:
        # the workers must reach the folder, which may be below root's home
        user = "user root;\n" if os.geteuid() == 0 else ""
        path = self.root / "etc/nginx/nginx.conf"
        path.write_text(self.local(NGINX.format(user=user)))
        (self.root / "etc/nginx/odoo.d").mkdir(exist_ok=True)
        program = self.root / "usr/local/bin/nginx"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(
            f'#!/bin/sh\nexec /usr/sbin/nginx -p {self.root} -e error.log -c {path} "$@"\n'
        )
        program.chmod(0o755)

    @property
    def _image(self) -> str:
        return self.container.image.partition(":")[0]

    def local(self, text: str) -> str:
        """Return a text of the files with this machine's paths, addresses and ports."""
        folders = ODOO_FOLDERS if self.container.is_odoo else FOLDERS.get(self._image, ())
        places = {path: f"{self.root}{path}" for path in (*folders, *self.container.mounts)}
        places["/opt"] = f"{self.machine.image}/opt"
        places[PROGRAM] = str(self.machine.stack.odoo.command()[1])
        text = with_paths(text, places)
        for name, address in self.machine.addresses.items():
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?=:\d|$)", address, text)
        text = re.sub(r"(?<![\d.])(127\.0\.0\.1|0\.0\.0\.0)(?![\d.])", self.address, text)
        for port, published in self.machine.published.items():
            text = text.replace(f"listen {port};", f"listen {self.address}:{published};")
        return text

    @property
    def command(self) -> list[str]:
        program, *arguments = self.container.command or DEFAULT_COMMAND[self._image]
        command = [program, *map(self.local, arguments)]
        if self._image == "redis":
            at = REDIS_AT.format(address=self.address)
            command[-1] = command[-1].replace("exec redis-server - ", at)
        if command[0] == "weed":
            command += [WEED_APART, *self._weed_ports]
        return command

    @cached_property
    def _weed_ports(self) -> list[str]:
        ports = zip(WEED_PARTS, free_ports(19000, len(WEED_PARTS)), strict=True)
        return [f"-{part}.port.grpc={port}" for part, port in ports]

    @property
    def environment(self) -> dict[str, str]:
        """Return the process's environment: the container's variables, and the machine's."""
        base = self.machine.environment() if self.container.is_odoo else child_environment()
        if self._image == "postgres":
            base |= self.machine.stack.postgresql.env
        base["PATH"] = f"{self.root}/usr/local/bin:{self.machine.environment()['PATH']}"
        if self.container.is_odoo:
            base |= {"TMPDIR": f"{self.root}/tmp", "HOME": f"{self.root}/var/lib/odoo"}
            base |= {name: self.local(value) for name, value in BASE_VARIABLES.items()}
        own = {name: self.local(value) for name, value in self.container.variables.items()}
        if "PGHOST" in own:
            database = self.machine.stack.postgresql.env
            assert (own["PGHOST"], own["PGPORT"]) == (self.machine.address("db"), "5432")
            own |= {name: database[name] for name in ("PGHOST", "PGPORT")}
        return base | own

    def start(self) -> None:
        if self._image != "postgres":  # the stack's runs already
            self.daemon.start(self.command, env=self.environment, cwd=self.root)

    def stop(self) -> None:
        # an orderly stop of SeaweedFS takes 17 s, and its data need not be saved
        store = self.container.command[:1] == ["weed"]
        self.daemon.stop(grace_seconds=0.5 if store else 30)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as ``docker exec`` does."""
        return self._run([command[0], *map(self.local, command[1:])])

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )

    def run_to_the_end(self) -> str:
        """Run the container's command to its end, which has to be a good one.

        :raises DevError: with the end of the output if it is not
        """
        done = self._run(self.command)
        if done.returncode:
            raise DevError(f"{self.name} ended with {done.returncode}\n{done.stdout[-4000:]}")
        return done.stdout

    def is_healthy(self) -> bool:
        """Ask the container's health check.

        :raises DevError: if the container has ended
        """
        if self._image != "postgres" and self.daemon.pid is None:
            raise DevError(f"{self.name} ended\n{self.daemon.tail(40)}")
        return self.run(*self.container.health).returncode == 0

    def written(self) -> set[str]:
        """Return the mounts that something is in."""
        return {
            path for path in self.container.mounts if any(Path(f"{self.root}{path}").iterdir())
        }

    def files_outside(self) -> set[Path]:
        """Return the files of the container's image: those that are below none of its mounts."""
        mounts = [Path(f"{self.root}{path}") for path in self.container.mounts]
        ours = [self.daemon.directory, *mounts]
        found = [*self.root.rglob("*"), *self.machine.image.rglob("*")]
        return {path for path in found if not any(path.is_relative_to(one) for one in ours)}


def with_paths(text: str, places: Mapping[str, str]) -> str:
    """Replace paths, and the paths below them."""
    longest_first = sorted(places, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, longest_first))
    return re.sub(rf"(?<![\w.\-/])({alternatives})(?![\w-])", lambda found: places[found[1]], text)


def eventually(question: Callable[[], object], seconds: float = 60, pause: float = 0.2) -> None:
    """Wait until a question has a true answer."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, question
        time.sleep(pause)
