"""Prometheus: the server that scrapes the nodes and answers queries."""

import json
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..console import step
from ..process import Daemon, free_ports
from ..settings import child_environment


class Prometheus:
    """Debian's Prometheus with its own configuration and data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self._port = directory / "port"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.read_text()}"

    def start(
        self, ports: Sequence[int], token: str, rules: Path, scrape_interval: str = "1s"
    ) -> None:
        """Scrape some ports of this machine, and judge the rules of a file."""
        with step("Starting Prometheus"):
            self.directory.mkdir(parents=True, exist_ok=True)
            port = free_ports(19090)[0]
            self._port.write_text(str(port))
            configuration = {
                "global": {
                    "scrape_interval": scrape_interval,
                    "evaluation_interval": scrape_interval,
                },
                "rule_files": [str(rules)],
                "scrape_configs": [
                    {
                        "job_name": "odoo",
                        "authorization": {"credentials": token},
                        "static_configs": [{"targets": [f"127.0.0.1:{p}" for p in ports]}],
                    }
                ],
            }
            # JSON is valid YAML; a separate file, for the token
            file = self.directory / "prometheus.yml"
            file.touch(mode=0o600)
            file.write_text(json.dumps(configuration, indent=1))
            self.daemon.start(
                [
                    "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={self.directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                ready=self._is_ready,
                env=child_environment(),
            )

    def stop(self) -> None:
        self.daemon.stop()

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the labels and the value of each series that an expression gives now."""
        data = self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(found["metric"], float(found["value"][1])) for found in data["result"]]

    def query_range(
        self, expression: str, begin: float, end: float, step: float
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Return the labels, and times and values, of each series within a time."""
        when = {"start": str(begin), "end": str(end), "step": str(step)}
        data = self._get("query_range", query=expression, **when)
        return [
            (found["metric"], [(at, float(value)) for at, value in found["values"]])
            for found in data["result"]
        ]

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing."""
        return list(self._get("alerts")["alerts"])

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)["data"]

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1):
                return True
        except OSError:
            return False
