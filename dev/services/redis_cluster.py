"""Redis Cluster, for tests: three masters."""

from collections.abc import Mapping
from typing import Any

from ..console import DevError
from .redis_sets import RedisSet

SLOTS = 16384


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
            # the nodes remember the ports of the last start
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
