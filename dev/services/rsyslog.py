"""rsyslog: follows a log with the configuration that ``logging_json`` ships."""

from pathlib import Path

from ..console import step
from ..process import Daemon
from ..settings import REPOSITORY, child_environment

CONFIGURATION = REPOSITORY / "logging_json" / "consumers" / "rsyslog.conf"


class Rsyslog:
    """A daemon that reads one log; it writes the files ``parsed`` and ``apart``."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self.parsed = directory / "parsed.json"
        self.apart = directory / "before-addons.log"

    def start(self, log: Path) -> None:
        """Follow a log from its begin on."""
        with step("Starting rsyslog"):
            work = self.directory / "work"
            work.mkdir(parents=True, exist_ok=True)
            text = CONFIGURATION.read_text()
            for shipped, ours in (
                ("/var/spool/rsyslog", work),
                ("/var/log/odoo/odoo.log", log),
                ("/var/log/odoo", self.directory),
            ):
                text = text.replace(f'"{shipped}', f'"{ours}')
            configuration = self.directory / "rsyslog.conf"
            configuration.write_text(text)
            pid = self.directory / "rsyslog.pid"
            self.daemon.start(
                ["rsyslogd", "-n", "-f", configuration, "-i", pid],
                ready=pid.exists,
                env={**child_environment(), "PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
            )

    def stop(self) -> None:
        self.daemon.stop()
