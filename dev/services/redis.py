"""Redis: one plain server with a password; nothing is written to disk."""

import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from ..console import step
from ..process import Daemon, free_ports
from ..settings import child_environment


class Redis:
    def __init__(self, directory: Path) -> None:
        self.daemon = Daemon(directory)
        self._port = directory / "port"
        self._configuration = directory / "redis.conf"

    @property
    def port(self) -> int:
        return int(self._port.read_text())

    @property
    def password(self) -> str:
        return self._configuration.read_text().partition("requirepass ")[2].split()[0]

    @property
    def env(self) -> Mapping[str, str]:
        """The variables of ``session_redis`` that reach this server."""
        return {
            "ODOO_SESSION_REDIS": "1",
            "ODOO_SESSION_REDIS_HOST": "127.0.0.1",
            "ODOO_SESSION_REDIS_PORT": str(self.port),
            "ODOO_SESSION_REDIS_PASSWORD": self.password,
        }

    def start(self) -> None:
        if self.daemon.pid is not None:
            return
        with step("Starting Redis"):
            self._port.parent.mkdir(parents=True, exist_ok=True)
            port = free_ports(26379)[0]
            self._port.write_text(str(port))
            # a separate file, so that the password is in no command line
            self._configuration.touch(mode=0o600)
            self._configuration.write_text(
                f"requirepass {secrets.token_urlsafe(16)}\n"
                f'port {port}\nbind 127.0.0.1\nsave ""\nappendonly no\n'
            )
            self.daemon.start(
                ["redis-server", self._configuration], ready=self._answers, env=child_environment()
            )

    def stop(self) -> None:
        self.daemon.stop()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return b"+PONG" in connection.recv(64)
        except OSError:
            return False
