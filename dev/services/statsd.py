"""StatsD: the daemon of the statsd project, from npm; a TCP port answers its counts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..console import run, step
from ..environments import made_once
from ..process import Daemon, answers, free_ports
from ..settings import child_environment

PACKAGE = "statsd@0.9.0"

# the longest interval that it accepts: counts stay until they are read
WEEK_MILLISECONDS = 7 * 24 * 3600 * 1000


class Statsd:
    """A daemon on a UDP port; it keeps everything that it receives, unless it has to flush."""

    def __init__(self, directory: Path, installed: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self._installed = installed
        self._ports = directory / "ports.json"

    def install(self) -> None:
        made_once(
            self._installed, "Installing StatsD", [PACKAGE], lambda: self._npm_install(PACKAGE)
        )

    @property
    def client(self) -> Mapping[str, str | int]:
        """The settings of a client; ``management_port`` answers the counts."""
        port, management_port = json.loads(self._ports.read_text())
        return {"host": "127.0.0.1", "port": port, "management_port": management_port}

    @property
    def env(self) -> Mapping[str, str]:
        """The variables of ``monitoring_statsd`` that reach this server, but for names."""
        return {
            "ODOO_STATSD": "1",
            "STATSD_HOST": "127.0.0.1",
            "STATSD_PORT": str(self.client["port"]),
        }

    def start(
        self, flush_milliseconds: int = WEEK_MILLISECONDS, graphite_port: int | None = None
    ) -> None:
        """Start it; at each flush, it writes its counts to its log and forgets them.

        Graphite gets it, too, where its port is given.
        """
        if self.daemon.pid is not None:
            return
        with step("Starting StatsD"):
            self.directory.mkdir(parents=True, exist_ok=True)
            port, management_port = free_ports(18125, 2)
            self._ports.write_text(json.dumps([port, management_port]))
            configuration: dict[str, Any] = {
                "address": "127.0.0.1",
                "port": port,
                "mgmt_address": "127.0.0.1",
                "mgmt_port": management_port,
                "flushInterval": flush_milliseconds,
                "deleteIdleStats": True,
                "backends": ["./backends/console"],
                "console": {"prettyprint": False},
            }
            if graphite_port:
                configuration["backends"] += ["./backends/graphite"]
                configuration |= {"graphiteHost": "127.0.0.1", "graphitePort": graphite_port}
            file = self.directory / "config.js"
            file.write_text(json.dumps(configuration, indent=1))
            package = self._installed / "node_modules" / "statsd"
            self.daemon.start(
                ["node", package / "stats.js", file],
                ready=lambda: answers(management_port),
                env=child_environment(),
                cwd=package,
            )

    def lost_datagrams(self) -> int:
        """Return the number of datagrams that the kernel dropped on their way to the daemon."""
        return lost_datagrams(int(self.client["port"]))

    def stop(self) -> None:
        self.daemon.stop()

    def _npm_install(self, package: str) -> None:
        # --omit: a client of syslog that would have to be compiled
        options = ("--omit=optional", "--no-audit", "--no-fund", "--no-update-notifier")
        run(["npm", "install", "--prefix", self._installed, *options, package])


def lost_datagrams(port: int) -> int:
    """Return the number of datagrams that the kernel dropped because a port's buffer was full.

    UDP reports no loss to the sender; the counter is the last column of ``/proc/net/udp``.
    """
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(int(row[-1]) for row in rows if row[1].endswith(f":{port:04X}"))
