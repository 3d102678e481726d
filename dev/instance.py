"""A whole deployment on one machine: a database, two prefork Odoo nodes, nginx in front."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from .console import step
from .manifests import manifests
from .process import Daemon, free_ports, wait_for_all
from .services.nginx import Nginx
from .stack import Stack

INSTALL_SCRIPT = """\
report = env['cloud.platform'].install('s3')
env.cr.commit()
print('cloud.platform.install():', report)
"""

CONFIGURATION = """\
[options]
addons_path = {addons_path}
data_dir = {data_dir}
db_name = {database}
list_db = False
http_interface = 127.0.0.1
http_port = {http_port}
gevent_port = {gevent_port}
workers = 2
max_cron_threads = 1
proxy_mode = True
server_wide_modules = {server_wide_modules}
logfile = {logfile}
log_level = info
"""


PORTS = 3  # of a node


class Node:
    """One front-end: a prefork Odoo server with its own data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data_directory = directory / "data"
        self.log = directory / "odoo.log"
        self.daemon = Daemon(directory, self.log)
        self._ports = directory / "ports.json"

    @property
    def ports(self) -> list[int]:
        """The ports of HTTP, of gevent (websockets) and of metrics."""
        return list(json.loads(self._ports.read_text()))

    def configure(self, stack: Stack, database: str, ports: list[int]) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._ports.write_text(json.dumps(ports))
        configuration = self.directory / "odoo.conf"
        configuration.write_text(
            CONFIGURATION.format(
                addons_path=stack.odoo.addons_path,
                data_dir=self.data_directory,
                database=database,
                http_port=ports[0],
                gevent_port=ports[1],
                server_wide_modules=stack.odoo.server_wide_modules,
                logfile=self.log,
            )
        )
        return configuration

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}/web/login", timeout=60):
                return True
        except urllib.error.HTTPError:
            raise
        except OSError:
            return False


class Instance:
    """A project (``NAME-odoo-prod``) with its database, nodes and front door."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack = stack
        self.name = name
        self.directory = stack.state / "instances" / name
        self.nodes = [Node(self.directory / f"node{number}") for number in (1, 2)]
        self.nginx = Nginx(self.directory / "nginx")

    @property
    def variables(self) -> dict[str, str]:
        return self.stack.variables(self.name)

    def prepare(self) -> None:
        """Create the database with the suite and call ``install()``, unless that is done.

        The files begin in a local file store, as everywhere; ``install()`` moves them.
        Addons that have changed since then are updated.
        """
        versions = json.dumps({name: m["version"] for name, m in manifests().items()})
        prepared = self.directory / "prepared"
        exists = prepared.exists() and self.name in self.stack.postgresql.databases()
        if exists and prepared.read_text() == versions:
            return
        data = self.directory / "before-install"
        if not exists:
            # the mark is removed first and written last: an incomplete database is made again
            prepared.unlink(missing_ok=True)
            with step(f"Creating the database '{self.name}'"):
                self.stack.databases.create(self.name, data)
        with step(f"Installing {', '.join(manifests())}"):
            self.stack.databases.install(self.name, list(manifests()), data, self.variables)
        with step("Calling env['cloud.platform'].install()"):
            self.shell(INSTALL_SCRIPT, data)
        shutil.rmtree(data, ignore_errors=True)
        prepared.write_text(versions)

    def shell(self, script: str, data_directory: Path) -> str:
        """Run a script in ``odoo shell`` and return its output."""
        return self.stack.databases.shell(self.name, script, data_directory, self.variables)

    def start(self, preferred_port: int = 8069) -> None:
        """Start both nodes and nginx; what runs already is started anew.

        If one does not start, all are stopped.
        """
        self.stop()
        try:
            self._start(preferred_port)
        except BaseException:
            self.stop()
            raise

    def _start(self, preferred_port: int) -> None:
        with step("Starting two Odoo nodes"):
            # all at once: the second node must not get a port that the first node is about to use
            ports = free_ports(preferred_port + 2, PORTS * len(self.nodes))
            for number, node in enumerate(self.nodes):
                self.start_node(node, ports[PORTS * number : PORTS * (number + 1)])
            wait_for_all({node.daemon: node.answers for node in self.nodes}, 120)
        http_ports, gevent_ports, _metrics = zip(*(node.ports for node in self.nodes), strict=True)
        stores = [self.variables["AWS_HOST"]]
        self.nginx.start(preferred_port, http_ports, gevent_ports, stores)

    def start_node(
        self, node: Node, ports: list[int], *arguments: str, **more_variables: str
    ) -> None:
        """Start a node without waiting until it answers."""
        configuration = node.configure(self.stack, self.name, ports)
        odoo = self.stack.odoo
        variables = {
            **self.variables,
            "ODOO_LOGGING_JSON": "1",
            "ODOO_PROMETHEUS_PORT": str(node.ports[2]),
            "ODOO_PROMETHEUS_INTERFACE": "127.0.0.1",
            **more_variables,
        }
        command = odoo.command("-c", configuration, *arguments)
        node.daemon.start(command, env=odoo.environment(**variables))

    def stop(self) -> None:
        self.nginx.stop()
        for node in self.nodes:
            node.daemon.stop()

    def remove(self) -> None:
        """Stop it and drop its database, buckets and folder."""
        self.stop()
        self.stack.postgresql.drop(self.name)
        self.stack.seaweedfs.drop(self.name)
        shutil.rmtree(self.directory, ignore_errors=True)
