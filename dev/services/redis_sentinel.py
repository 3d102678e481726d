"""Redis with Sentinels, for tests: a master, a replica and three Sentinels, TLS everywhere."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .redis_sets import TLS, RedisSetWithTLS

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


class RedisSentinel(RedisSetWithTLS):
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
        """True if the master can be lost: a replica follows, all Sentinels know of all."""
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
