"""nginx: one port in front of several Odoo nodes."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..console import step
from ..process import Daemon, answers, free_ports
from ..settings import REPOSITORY, child_environment

OBJECT_STORE = REPOSITORY / "base_attachment_object_storage" / "nginx" / "object_of_store.conf"
# the one address that the file allows, for its reader to change
EXAMPLE = r"^https://s3\.example\.com/"

# the directives with which nginx writes to its folder only
MAIN = """\
{user}daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{http}}}
"""

# A node that died gets no request for a second; requests that it had not begun go to the next.
NODES = """\
    client_max_body_size 512m;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Real-IP $remote_addr;
    {announcement}
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_read_timeout 720s;
    add_header X-Served-By $upstream_addr always;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    upstream odoo {{ {http_servers} }}
    upstream websocket {{ {gevent_servers} }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://odoo; }}
        location = /metrics {{ return 404; }}
        location /websocket {{
            proxy_pass http://websocket;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
        {object_store}
    }}
"""


class Nginx:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self._port = directory / "port"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port.read_text()}"

    def start(
        self,
        preferred: int,
        http_ports: Sequence[int],
        gevent_ports: Sequence[int],
        stores: Sequence[str] = (),
    ) -> None:
        """Serve on the first free port from ``preferred`` on, in front of the nodes.

        :param stores: URLs of object stores that it may ask for files when Odoo requests it
        """
        with step("Starting nginx"):
            self.daemon.stop()
            self.directory.mkdir(parents=True, exist_ok=True)
            port = free_ports(preferred)[0]
            self._port.write_text(str(port))
            run(
                self.daemon,
                port,
                NODES.format(
                    port=port,
                    http_servers=_servers(http_ports),
                    gevent_servers=_servers(gevent_ports),
                    announcement="proxy_set_header X-Accel-Object 1;" if stores else "",
                    object_store=self._include(stores) if stores else "",
                ),
            )

    def _include(self, stores: Sequence[str]) -> str:
        allowed = "|".join(re.escape(url.rstrip("/")) for url in stores)
        included = self.directory / OBJECT_STORE.name
        included.write_text(OBJECT_STORE.read_text().replace(EXAMPLE, f"^({allowed})/"))
        return f"include {included};"

    def stop(self) -> None:
        self.daemon.stop()


def run(daemon: Daemon, port: int, http: str) -> None:
    """Start nginx in the daemon's folder, and wait until it answers at the port of ``http``."""
    path = daemon.directory / "nginx.conf"
    path.write_text(configuration(http))
    daemon.start(
        ["nginx", "-p", daemon.directory, "-c", path, "-e", "error.log"],
        ready=lambda: answers(port),
        env={**child_environment(), "PATH": f"{os.defpath}:/usr/sbin:/sbin"},
    )


def configuration(http: str) -> str:
    """Return the configuration of an nginx that serves what ``http`` says."""
    # the workers must reach the state folder, which may be below root's home
    return MAIN.format(user="user root;\n" if os.geteuid() == 0 else "", http=http)


def _servers(ports: Sequence[int]) -> str:
    return " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in ports)
