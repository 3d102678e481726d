"""More of Redis, for tests: TLS, ACL and a unix socket, Sentinel, Cluster.

RedisSet        some processes of redis-server in one folder
    RedisWithTLS        TLS alone, with certificates of both sides
    RedisWithUsers      ACL users, on a port and on a unix socket
    RedisSentinel       in redis_sentinel.py
    RedisCluster        in redis_cluster.py
    Valkey              in valkey.py
"""

import secrets
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ..console import step
from ..process import Daemon, free_ports
from ..settings import child_environment
from .certificate import Certificate

COMMON = 'bind 127.0.0.1\ndir {directory}\nsave ""\nappendonly no\n'

TLS = """\
port 0
tls-port {port}
tls-cert-file {certificate.file}
tls-key-file {certificate.key}
tls-ca-cert-file {certificate.authority}
"""


class RedisSet:
    """Starts and stops processes; ``client`` is what tests need to reach them."""

    TITLE = ""
    NAMES: tuple[str, ...] = ()
    FIRST_PORT = 27000

    def __init__(self, directory: Path, first_port: int | None = None) -> None:
        self.directory = directory
        self._first_port = first_port or self.FIRST_PORT
        self._ports_file = directory / "ports"
        self.daemons = {name: Daemon(directory / name) for name in self.NAMES}

    @property
    def ports(self) -> dict[str, int]:
        numbers = map(int, self._ports_file.read_text().split())
        return dict(zip(self.NAMES, numbers, strict=False))

    @property
    def client(self) -> Mapping[str, Any]:
        raise NotImplementedError

    @property
    def program(self) -> str:
        return "redis-server"

    @cached_property
    def password(self) -> str:
        return self._secret("password")

    @cached_property
    def certificate(self) -> Certificate:
        return Certificate(self.directory / "certificate")

    def start(self) -> None:
        if all(daemon.pid is not None for daemon in self.daemons.values()):
            return
        with step(f"Starting {self.TITLE}"):
            self.stop()
            self.directory.mkdir(parents=True, exist_ok=True)
            count = self._count_of_ports()
            ports = " ".join(map(str, free_ports(self._first_port, count)))
            self._ports_file.write_text(ports)
            self._start()

    def stop(self) -> None:
        for daemon in self.daemons.values():
            daemon.stop(grace_seconds=2)

    def start_one(self, name: str) -> None:
        """Start one process of the set, which has run before."""
        sentinel = ["--sentinel"] if name.startswith("sentinel") else []
        configuration = self.daemons[name].directory / "redis.conf"
        self.daemons[name].start(
            [self.program, configuration, *sentinel],
            ready=lambda: self.ask(name, "PING").startswith(("PONG", "NOAUTH")),
            env=child_environment(),
        )

    def ask(self, name: str, *command: str) -> str:
        """Return what one process answers; an error too."""
        asked = subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.ports[name]), *self._tls(), *command],
            env=child_environment(REDISCLI_AUTH=self._password_of(name)),
            capture_output=True,
            text=True,
            timeout=10,
        )
        return asked.stdout.strip()

    def _start(self) -> None:
        for name in self.NAMES:
            self._configure(name)
            self.start_one(name)

    def _configure(self, name: str) -> None:
        folder = self.daemons[name].directory
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "redis.conf"
        # a separate file, so that no password is in a command line
        path.touch(mode=0o600)
        text = COMMON.format(directory=folder) + self._configuration(name, self.ports[name])
        path.write_text(text)

    def _configuration(self, name: str, port: int) -> str:
        raise NotImplementedError

    def _password_of(self, name: str) -> str:
        return self.password

    def _count_of_ports(self) -> int:
        return len(self.NAMES)

    def _tls(self) -> tuple[str | Path, ...]:
        """Return the arguments of redis-cli for TLS."""
        return ()

    def _secret(self, name: str) -> str:
        path = self.directory / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(16))
        return path.read_text()


class RedisSetWithTLS(RedisSet):
    def _start(self) -> None:
        self.certificate.make()
        super()._start()

    def _tls(self) -> tuple[str | Path, ...]:
        own = self.certificate
        return ("--tls", "--cacert", own.authority, "--cert", own.file, "--key", own.key)


class RedisWithTLS(RedisSetWithTLS):
    TITLE = "Redis with TLS"
    NAMES = ("server",)
    FIRST_PORT = 27010

    @cached_property
    def other_certificate(self) -> Certificate:
        """Of an authority that the server does not trust, nor its clients."""
        return Certificate(self.directory / "other-certificate")

    @property
    def client(self) -> Mapping[str, Any]:
        own, other = self.certificate, self.other_certificate
        return {
            "host": "127.0.0.1",
            "port": self.ports["server"],
            "password": self.password,
            "ca": str(own.authority),
            "cert": str(own.file),
            "key": str(own.key),
            "other_ca": str(other.authority),
            "other_cert": str(other.file),
            "other_key": str(other.key),
        }

    def _start(self) -> None:
        self.other_certificate.make()
        super()._start()

    def _configuration(self, name: str, port: int) -> str:
        tls = TLS.format(port=port, certificate=self.certificate)
        return f"{tls}tls-auth-clients yes\nrequirepass {self.password}\n"


class RedisWithUsers(RedisSet):
    TITLE = "Redis with users"
    NAMES = ("server",)
    FIRST_PORT = 27020

    @property
    def client(self) -> Mapping[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.ports["server"],
            "password": self.password,
            "socket": str(self._socket),
            "prefix": "allowed",
            "users": {name: self._secret(name) for name in ("odoo", "reader")},
        }

    @property
    def _socket(self) -> Path:
        return self.directory / "redis.sock"

    def _configuration(self, name: str, port: int) -> str:
        odoo, reader = self._secret("odoo"), self._secret("reader")
        keys = "~session:allowed:* ~session::allowed:*"
        return (
            f"port {port}\nunixsocket {self._socket}\nunixsocketperm 700\n"
            f"requirepass {self.password}\n"
            f"user odoo on >{odoo} {keys} +@read +@write +@connection +@transaction\n"
            f"user reader on >{reader} {keys} +@read +@connection\n"
        )
