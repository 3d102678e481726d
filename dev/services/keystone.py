"""Keystone: OpenStack's identity service (v3), on sqlite.

Projects, users and keys are made once and kept, so that a later start takes two seconds.
A second server on the same database gives tokens that live for a few seconds only.
"""

import json
import os
import pwd
import secrets
import sqlite3
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ..console import run, step
from ..environments import made_once
from ..process import Daemon, answers, free_ports
from ..settings import child_environment

REGION = "RegionOne"
SHORT_LIFE_SECONDS = 5

# user -> its project and roles; "reader" may not write, "limited" only what ACLs allow
USERS = {
    "swift": ("service", ["admin", "service"]),
    "odoo": ("odoo", ["member"]),
    "reader": ("odoo", ["reader"]),
    "limited": ("odoo", ["attachments"]),
    "other": ("other", ["member"]),
}

# oslo.config reads the command line when it is imported: the server's own is hidden from it
APPLICATION = """\
import sys
sys.argv = sys.argv[:1]
from keystone.wsgi.api import application
"""

CONFIGURATION = """\
[DEFAULT]
use_stderr = true
public_endpoint = http://127.0.0.1:{port}
[database]
connection = sqlite:///{directory}/keystone.db?timeout=30
[token]
expiration = {life}
[fernet_tokens]
key_repository = {directory}/fernet
[credential]
key_repository = {directory}/credential
[identity]
# the usual cost makes each login take 250 ms
password_hash_rounds = 4
[cache]
# as where it is in use: to look at a token takes some hundred times as long without
enabled = true
backend = oslo_cache.dict
"""


class Keystone:
    def __init__(self, directory: Path, programs: Path) -> None:
        self.directory = directory
        self._programs = programs
        self._data = directory / "data"
        self._accounts = self._data / "accounts.json"
        self.daemon = Daemon(directory / "server")
        self._short_lived = Daemon(directory / "short-lived")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{(self.directory / 'port').read_text()}/v3"

    @property
    def accounts(self) -> dict[str, Any]:
        """Return the users by name: ``password``, ``project``, ``project_id``, EC2 keys."""
        accounts: dict[str, Any] = json.loads(self._accounts.read_text())
        return accounts

    @property
    def client(self) -> Mapping[str, Any]:
        """The settings of a test of Keystone's clients."""
        short = (self.directory / "short-lived-port").read_text()
        return {
            "auth_url": self.url,
            "short_lived_auth_url": f"http://127.0.0.1:{short}/v3",
            "short_life_seconds": SHORT_LIFE_SECONDS,
            "region": REGION,
            "users": self.accounts,
        }

    def start(self, swift_port: int) -> None:
        """Start it; the catalogue names the Swift at ``swift_port``."""
        if self.daemon.pid is not None and self._short_lived.pid is not None:
            return
        with step("Starting Keystone"):
            self.directory.mkdir(parents=True, exist_ok=True)
            port, short = free_ports(25000, 2)
            (self.directory / "port").write_text(str(port))
            (self.directory / "short-lived-port").write_text(str(short))
            self._configure("keystone", port, 3600)
            self._configure("short-lived", short, SHORT_LIFE_SECONDS)
            recipe = ["2", CONFIGURATION, repr(USERS)]
            made_once(self._data, "Making Keystone's users", recipe, lambda: self._make(port))
            self._set_urls(swift_port)
            self._serve(self.daemon, "keystone", port)
            self._serve(self._short_lived, "short-lived", short)

    def stop(self) -> None:
        self.daemon.stop()
        self._short_lived.stop()

    def _set_urls(self, swift_port: int) -> None:
        """Write the ports of this start into the catalogue."""
        urls = {
            "identity": self.url,
            "object-store": f"http://127.0.0.1:{swift_port}/v1/AUTH_%(project_id)s",
        }
        with closing(sqlite3.connect(self._data / "keystone.db")) as database, database:
            for kind, url in urls.items():
                database.execute(
                    "UPDATE endpoint SET url = ? WHERE service_id IN"
                    " (SELECT id FROM service WHERE type = ?)",
                    (url, kind),
                )

    def _configure(self, name: str, port: int, life: int) -> None:
        text = CONFIGURATION.format(port=port, directory=self._data, life=life)
        (self.directory / f"{name}.conf").write_text(text)
        (self.directory / "keystone_application.py").write_text(APPLICATION)

    def _serve(self, daemon: Daemon, name: str, port: int) -> None:
        configuration = self.directory / f"{name}.conf"
        daemon.start(
            [
                *(self._programs / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
                *("--chdir", self.directory, "--no-control-socket"),
                "keystone_application:application",
            ],
            ready=lambda: answers(port),
            env=child_environment(
                OS_KEYSTONE_CONFIG_DIR=str(self.directory),
                OS_KEYSTONE_CONFIG_FILES=str(configuration),
            ),
        )

    def _make(self, port: int) -> None:
        for name in ("fernet", "credential"):
            (self._data / name).mkdir(mode=0o700)
        manage: list[str | Path] = [
            *(self._programs / "keystone-manage", "--config-file"),
            self.directory / "keystone.conf",
        ]
        user = pwd.getpwuid(os.getuid()).pw_name
        owner = [f"--keystone-user={user}", f"--keystone-group={os.getgid()}"]
        env = child_environment()
        run([*manage, "db_sync"], env=env)
        run([*manage, "fernet_setup", *owner], env=env)
        run([*manage, "credential_setup", *owner], env=env)
        admin = secrets.token_urlsafe(16)
        url = f"http://127.0.0.1:{port}/v3"
        run(
            [*manage, "bootstrap", "--bootstrap-region-id", REGION],
            env={
                **env,
                "OS_BOOTSTRAP_PASSWORD": admin,
                "OS_BOOTSTRAP_PUBLIC_URL": url,
                "OS_BOOTSTRAP_INTERNAL_URL": url,
                "OS_BOOTSTRAP_ADMIN_URL": url,
            },
        )
        self._serve(self.daemon, "keystone", port)
        accounts = _Administrator(url, admin).accounts()
        self._accounts.touch(mode=0o600)
        self._accounts.write_text(json.dumps(accounts, indent=1))
        self.daemon.stop()


class _Administrator:
    """Makes the projects, users and the catalogue of a new Keystone."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._token = ""

    def accounts(self) -> dict[str, Any]:
        self._token = self._log_in()
        roles = {role["name"]: role["id"] for role in self._get("roles")}
        for name in ("ResellerAdmin", "service", "member", "reader", "attachments"):
            if name not in roles:
                roles[name] = self._post("role", {"name": name})
        projects = {
            name: self._post("project", {"name": name, "domain_id": "default"})
            for name in sorted({project for project, _roles in USERS.values()})
        }
        found = {"admin": {"password": self._password, "project": "admin"}}
        for user, (project, granted) in USERS.items():
            password, project_id = secrets.token_urlsafe(16), projects[project]
            body = {"name": user, "domain_id": "default", "password": password}
            user_id = self._post("user", body)
            for role in granted:
                self._call("PUT", f"projects/{project_id}/users/{user_id}/roles/{roles[role]}")
            path = f"users/{user_id}/credentials/OS-EC2"
            keys = self._call("POST", path, {"tenant_id": project_id})["credential"]
            found[user] = {
                "user_id": user_id,
                "password": password,
                "project": project,
                "project_id": project_id,
                "access_key": keys["access"],
                "secret_key": keys["secret"],
            }
        self._catalogue()
        return found

    def _catalogue(self) -> None:
        service = self._post("service", {"name": "swift", "type": "object-store"})
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service, "interface": interface, "region_id": REGION}
            self._post("endpoint", {**endpoint, "url": "http://127.0.0.1"})

    def _log_in(self) -> str:
        domain = {"id": "default"}
        user = {"name": "admin", "domain": domain, "password": self._password}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": "admin", "domain": domain}},
            }
        }
        with self._open("POST", "auth/tokens", body) as answer:
            return str(answer.headers["X-Subject-Token"])

    def _get(self, names: str) -> list[Any]:
        return list(self._call("GET", names)[names])

    def _post(self, name: str, fields: Mapping[str, Any]) -> str:
        path = "auth/tokens" if name == "token" else f"{name}s"
        return str(self._call("POST", path, {name: fields})[name]["id"])

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        with self._open(method, path, body) as answer:
            return json.loads(answer.read() or b"{}")

    def _open(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json", "X-Auth-Token": self._token}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self._url}/{path}", data, headers, method=method)
        return urllib.request.urlopen(request, timeout=30)
