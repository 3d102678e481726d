"""Graphite: carbon, which takes what StatsD flushes, and the web application that renders it."""

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from ..console import step
from ..process import Daemon, answers, free_ports
from ..settings import child_environment

# from this on a series of one second is kept
RETENTION = "1s:2h"

CARBON = """\
[cache]
STORAGE_DIR = {directory}/
LOCAL_DATA_DIR = {directory}/whisper/
CONF_DIR = {directory}/
LOG_DIR = {directory}/
PID_DIR = {directory}/
ENABLE_LOGROTATION = False
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = inf
MIN_TIMESTAMP_RESOLUTION = 1
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {ports[0]}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {ports[1]}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {ports[2]}
"""

SCHEMAS = f"[all]\npattern = .*\nretentions = {RETENTION}\n"

WEB = """\
SECRET_KEY = "of a test"
STORAGE_DIR = LOG_DIR = {directory!r}
WHISPER_DIR = {directory!r} + "/whisper"
INDEX_FILE = {directory!r} + "/index"
CARBONLINK_HOSTS = ["127.0.0.1:{ports[2]}"]
DATABASES = {{
    "default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {directory!r} + "/db"}}
}}
"""


class Graphite:
    """Debian's Graphite with its own configuration and data; it keeps each second."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._carbon = Daemon(directory / "carbon")
        self._web = Daemon(directory / "web")
        self._ports = directory / "ports.json"

    @property
    def port(self) -> int:
        """The port that takes lines of ``name value time``."""
        return int(json.loads(self._ports.read_text())[0])

    def start(self) -> None:
        with step("Starting Graphite"):
            # the web application reads folders alone that are there when it starts
            (self.directory / "whisper").mkdir(parents=True, exist_ok=True)
            ports = free_ports(12003, 4)
            self._ports.write_text(json.dumps(ports))
            values = {"directory": str(self.directory), "ports": ports}
            configuration = self.directory / "carbon.conf"
            configuration.write_text(CARBON.format(**values))
            (self.directory / "storage-schemas.conf").write_text(SCHEMAS)
            (self.directory / "settings_of_graphite.py").write_text(WEB.format(**values))
            self._carbon.start(
                ["carbon-cache", "--nodaemon", f"--config={configuration}", "start"],
                ready=lambda: answers(ports[0]) and answers(ports[2]),
                env=child_environment(),
            )
            self._web.start(
                ["graphite-manage", "runserver", "--noreload", f"127.0.0.1:{ports[3]}"],
                ready=lambda: answers(ports[3]),
                env=child_environment(
                    PYTHONPATH=str(self.directory), GRAPHITE_SETTINGS_MODULE="settings_of_graphite"
                ),
            )

    def stop(self) -> None:
        self._web.stop()
        self._carbon.stop()

    def find(self, query: str) -> set[str]:
        """Return the possible last parts of a query, for example of ``stats.*``."""
        # without the usual format, for which users have a database
        found = self._get("metrics/find", query=query, format="completer")
        return {str(node["name"]) for node in found["metrics"]}

    def points(
        self, target: str, begin: float, end: float
    ) -> dict[str, list[tuple[float, float]]]:
        """Return the times and values of each series that a target gives, by its name."""
        series = self._get(
            "render",
            **{"target": target, "from": str(int(begin)), "until": str(int(end))},
            format="json",
            noCache="1",
        )
        return {
            one["target"]: [(at, value) for value, at in one["datapoints"] if value is not None]
            for one in series
        }

    def _get(self, path: str, **parameters: str) -> Any:
        port = json.loads(self._ports.read_text())[3]
        url = f"http://127.0.0.1:{port}/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)
