"""More of Redis, for tests: TLS, ACL and a unix socket, Sentinel, Cluster.

RedisSet        some processes of redis-server in one folder
    RedisWithTLS        TLS alone, with certificates of both sides
    RedisWithUsers      ACL users, on a port and on a unix socket
    RedisSentinel       a master, a replica and three Sentinels, TLS everywhere
    RedisCluster        three masters
"""

import secrets
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ..console import DevError, step
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

SENTINEL = """\
tls-auth-clients no
tls-replication yes
requirepass {sentinel_password}
sentinel sentinel-pass {sentinel_password}
sentinel monitor {name} 127.0.0.1 {master} 2
sentinel auth-pass {name} {password}
sentinel down-after-milliseconds {name} 1000
sentinel failover-timeout {name} 5000
"""

SLOTS = 16384


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
            ["redis-server", configuration, *sentinel],
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
        # a file of its own, so that no password is in a command line
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


class _RedisSetWithTLS(RedisSet):
    def _start(self) -> None:
        self.certificate.make()
        super()._start()

    def _tls(self) -> tuple[str | Path, ...]:
        own = self.certificate
        return ("--tls", "--cacert", own.authority, "--cert", own.file, "--key", own.key)


class RedisWithTLS(_RedisSetWithTLS):
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


class RedisSentinel(_RedisSetWithTLS):
    TITLE = "Redis with Sentinels"
    NAMES = ("redis1", "redis2", "sentinel1", "sentinel2", "sentinel3")
    FIRST_PORT = 27030
    MASTER_NAME = "sessions"

    @property
    def client(self) -> Mapping[str, Any]:
        sentinels = [name for name in self.NAMES if name.startswith("sentinel")]
        return {
            "sentinels": ",".join(f"127.0.0.1:{self.ports[name]}" for name in sentinels),
            "master_name": self.MASTER_NAME,
            "password": self.password,
            "sentinel_password": self.sentinel_password,
            "ca": str(self.certificate.authority),
        }

    @cached_property
    def sentinel_password(self) -> str:
        return self._secret("sentinel-password")

    @property
    def env(self) -> Mapping[str, str]:
        """The variables of ``session_redis`` that reach it."""
        return {
            "ODOO_SESSION_REDIS": "1",
            "ODOO_SESSION_REDIS_SENTINEL_HOST": self.client["sentinels"],
            "ODOO_SESSION_REDIS_SENTINEL_MASTER_NAME": self.MASTER_NAME,
            "ODOO_SESSION_REDIS_SENTINEL_PASSWORD": self.sentinel_password,
            "ODOO_SESSION_REDIS_SENTINEL_TLS": "1",
            "ODOO_SESSION_REDIS_PASSWORD": self.password,
            "ODOO_SESSION_REDIS_TLS": "1",
            "ODOO_SESSION_REDIS_TLS_CA": self.client["ca"],
        }

    @property
    def master(self) -> str:
        """The name of the process that is the master now, by the Sentinels."""
        answer = self.ask("sentinel1", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.MASTER_NAME)
        by_port = {str(port): name for name, port in self.ports.items()}
        return by_port.get(answer.split()[-1] if answer else "", "")

    @property
    def is_safe(self) -> bool:
        """Whether the master can be lost: a replica follows, all Sentinels know of all."""
        state = self.ask("sentinel1", "SENTINEL", "CKQUORUM", self.MASTER_NAME)
        replication = self.ask(self.master, "INFO", "replication") if self.master else ""
        return "OK 3 usable" in state and "state=online" in replication

    def _start(self) -> None:
        super()._start()
        self.daemons["sentinel1"].wait(lambda: self.is_safe)

    def _password_of(self, name: str) -> str:
        return self.sentinel_password if name.startswith("sentinel") else self.password

    def _configuration(self, name: str, port: int) -> str:
        tls = TLS.format(port=port, certificate=self.certificate)
        master = self.ports["redis1"]
        if name.startswith("sentinel"):
            return tls + SENTINEL.format(
                name=self.MASTER_NAME,
                master=master,
                password=self.password,
                sentinel_password=self.sentinel_password,
            )
        follows = f"replicaof 127.0.0.1 {master}\n" if name == "redis2" else ""
        return (
            f"{tls}tls-auth-clients no\ntls-replication yes\nrepl-diskless-sync-delay 0\n"
            f"requirepass {self.password}\nmasterauth {self.password}\n{follows}"
        )


class RedisCluster(RedisSet):
    TITLE = "Redis Cluster"
    NAMES = ("node1", "node2", "node3")
    FIRST_PORT = 27040

    @property
    def client(self) -> Mapping[str, Any]:
        nodes = ",".join(f"127.0.0.1:{port}" for port in self.ports.values())
        return {"nodes": nodes, "password": self.password}

    def _count_of_ports(self) -> int:
        return 2 * len(self.NAMES)  # one each for the nodes among themselves

    def _bus_port(self, name: str) -> int:
        ports = self._ports_file.read_text().split()
        return int(ports[len(self.NAMES) + self.NAMES.index(name)])

    def _configuration(self, name: str, port: int) -> str:
        return (
            f"port {port}\ncluster-enabled yes\ncluster-port {self._bus_port(name)}\n"
            f"cluster-node-timeout 2000\nrequirepass {self.password}\n"
        )

    def _start(self) -> None:
        for daemon in self.daemons.values():
            # what the nodes remember of ports that were others
            (daemon.directory / "nodes.conf").unlink(missing_ok=True)
        super()._start()
        first = self.NAMES[0]
        for number, name in enumerate(self.NAMES):
            begin, end = (SLOTS * step // len(self.NAMES) for step in (number, number + 1))
            self._tell(name, "CLUSTER", "ADDSLOTSRANGE", str(begin), str(end - 1))
            if name != first:
                bus = str(self._bus_port(first))
                self._tell(name, "CLUSTER", "MEET", "127.0.0.1", str(self.ports[first]), bus)
        for name, daemon in self.daemons.items():
            daemon.wait(lambda name=name: self._knows_all(name))  # type: ignore[misc]

    def _tell(self, name: str, *command: str) -> None:
        if (answer := self.ask(name, *command)) != "OK":
            raise DevError(f"{name} of the Redis Cluster: {answer}")

    def _knows_all(self, name: str) -> bool:
        state = self.ask(name, "CLUSTER", "INFO")
        return "cluster_state:ok" in state and "cluster_known_nodes:3" in state
