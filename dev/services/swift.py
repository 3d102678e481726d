"""OpenStack Swift: one proxy and one server for each ring, with memcached, in two ages.

The proxies speak Swift's own API (TempURL, large objects) and S3's. The new one logs in at
Keystone; the old one, Debian's, is behind TLS and has its own login.
"""

import getpass
import secrets
import shutil
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..console import run, step
from ..process import Daemon, answers, free_ports
from ..settings import child_environment
from .certificate import Certificate
from .keystone import REGION, Keystone

RINGS = ("account", "container", "object")

PIPELINE = (
    "catch_errors gatekeeper healthcheck cache listing_formats bulk tempurl {login}"
    " copy container_quotas account_quotas slo dlo versioned_writes symlink"
)

# the filters that have options
OWN = ("authtoken", "s3token", "keystoneauth", "tempauth", "cache", "s3api", "versioned_writes")

COMMON = """\
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {directory}
# none are forked
workers = 0
"""

SERVER = """\
devices = {directory}/node
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

PROXY = """\
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_bucket_listing = 100
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
"""

KEYSTONE_LOGIN = "authtoken s3api s3token keystoneauth"

KEYSTONE_FILTERS = """\
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
system_reader_roles =
project_reader_roles = reader
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = {keystone}
delay_auth_decision = true
service_token_roles_required = true
include_service_catalog = false
# so that a revoked token is refused soon
token_cache_time = 1
cache = swift.cache
{credentials}
[filter:s3token]
use = egg:swift#s3token
auth_uri = {keystone}
{credentials}
"""

OWN_LOGIN = "s3api tempauth"

OWN_FILTERS = """\
[filter:tempauth]
use = egg:swift#tempauth
storage_url_scheme = https
user_{user} = {password} .admin
"""

# Keystone answers only to a service that logs in
CREDENTIALS = """\
auth_type = password
auth_url = {url}
username = swift
password = {password}
user_domain_id = default
project_name = service
project_domain_id = default
"""

CONSTANTS = """\
[swift-hash]
swift_hash_path_prefix = {secret}
swift_hash_path_suffix = {secret}
[storage-policy:0]
name = Policy-0
default = yes
[swift-constraints]
# Keystone's tokens are long
max_header_size = 32768
# so that tests of many pages need few objects
container_listing_limit = 100
"""


class SwiftServers:
    """One Swift on loopback; a subclass says how clients log in."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self.directory = directory
        self._programs = programs
        self._port = directory / "port"
        names = ("memcached", *RINGS, "proxy")
        self.daemons = {name: Daemon(directory / name) for name in names}

    @property
    def endpoint(self) -> str:
        """The S3 API's URL."""
        return f"http://127.0.0.1:{self._port.read_text()}"

    @property
    def is_running(self) -> bool:
        return all(daemon.pid is not None for daemon in self.daemons.values())

    def stop(self) -> None:
        for daemon in self.daemons.values():
            daemon.stop(grace_seconds=2)

    def _prepare(self) -> None:
        """Begin with no object, at a port that is free."""
        self.stop()
        # nothing but tests puts anything there
        shutil.rmtree(self.directory / "node", ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._port.write_text(str(free_ports(24000)[0]))

    def _start(self) -> None:
        port = int(self._port.read_text())
        memcached, *storage = free_ports(24100, 4)
        user, env = getpass.getuser(), child_environment()
        (self.directory / "node" / "d1").mkdir(parents=True, exist_ok=True)
        constants = CONSTANTS.format(secret=secrets.token_urlsafe(16))
        (self.directory / "swift.conf").write_text(constants)
        self.daemons["memcached"].start(
            ["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-U0", "-m32", "-u", user],
            env=env,
        )
        for name, ring_port in zip(RINGS, storage, strict=True):
            self._ring(name, ring_port)
            self._configure(name, ring_port, SERVER.format(directory=self.directory, name=name))
        self._configure("proxy", port, self._tls() + self._proxy(memcached))
        for name in (*RINGS, "proxy"):
            program = self._programs / f"swift-{name}-server"
            self.daemons[name].start([program, self.directory / f"{name}.conf", "-v"], env=env)
        for name, ring_port in zip(("memcached", *RINGS), (memcached, *storage), strict=True):
            self.daemons[name].wait(lambda ring_port=ring_port: answers(ring_port))  # type: ignore[misc]
        self.daemons["proxy"].wait(self._answers)

    def _configure(self, name: str, port: int, text: str) -> None:
        common = COMMON.format(port=port, user=getpass.getuser(), directory=self.directory)
        path = self.directory / f"{name}.conf"
        path.touch(mode=0o600)
        path.write_text(common + text)

    def _tls(self) -> str:
        """Return the proxy's options for TLS."""
        return ""

    def _proxy(self, memcached: int) -> str:
        login, filters = self._login()
        pipeline = PIPELINE.format(login=login)
        plain = [name for name in pipeline.split() if name not in OWN]
        filters += "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in plain)
        return PROXY.format(pipeline=pipeline, memcached=memcached) + filters

    def _login(self) -> tuple[str, str]:
        """Return the filters of the pipeline that know users, and their options."""
        raise NotImplementedError

    def _ring(self, name: str, port: int) -> None:
        """Make a ring of one device; it names the server's port, which changes."""
        builder = self.directory / f"{name}.builder"
        builder.unlink(missing_ok=True)
        tool: list[str | Path] = [self._programs / "swift-ring-builder", builder]
        env = child_environment()
        run([*tool, "create", "4", "1", "0"], env=env)
        run([*tool, "add", f"r1z1-127.0.0.1:{port}/d1", "1"], env=env)
        run([*tool, "rebalance"], env=env)

    def _answers(self, context: ssl.SSLContext | None = None) -> bool:
        try:
            with urllib.request.urlopen(
                f"{self.endpoint}/healthcheck", timeout=1, context=context
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Swift(SwiftServers):
    """The current release, with Keystone."""

    def __init__(self, directory: Path, programs: Path, keystone: Keystone) -> None:
        super().__init__(directory, programs)
        self.keystone = keystone

    def env(self, user: str = "odoo") -> Mapping[str, str]:
        """The variables of ``attachment_swift`` that reach it, but for the container."""
        account = self.keystone.accounts[user]
        return {
            "SWIFT_AUTH_URL": self.keystone.url,
            "SWIFT_ACCOUNT": user,
            "SWIFT_PASSWORD": account["password"],
            "SWIFT_PROJECT_NAME": account["project"],
            "SWIFT_REGION_NAME": REGION,
        }

    @property
    def s3_client(self) -> Mapping[str, Any]:
        """The settings of a client of the S3 API."""
        accounts = self.keystone.accounts
        keys = {
            user: {name: account[name] for name in ("access_key", "secret_key")}
            for user, account in accounts.items()
            if "access_key" in account
        }
        return {"endpoint": self.endpoint, "region": "us-east-1", "users": keys}

    def start(self) -> None:
        """Start Keystone and Swift."""
        running = self.is_running
        if not running:
            self._prepare()
        self.keystone.start(int(self._port.read_text()))
        if not running:
            with step("Starting Swift"):
                self._start()

    def stop(self) -> None:
        super().stop()
        self.keystone.stop()

    def _login(self) -> tuple[str, str]:
        credentials = CREDENTIALS.format(
            url=self.keystone.url, password=self.keystone.accounts["swift"]["password"]
        )
        filters = KEYSTONE_FILTERS.format(keystone=self.keystone.url, credentials=credentials)
        return KEYSTONE_LOGIN, filters


class OldSwift(SwiftServers):
    """A release that is years old, as many installations run it: Debian's, behind TLS."""

    USER = "test:odoo"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, Path("/usr/bin"))
        self._password = directory / "password"
        self._certificate = Certificate(directory)

    @property
    def endpoint(self) -> str:
        return super().endpoint.replace("http:", "https:")

    @property
    def client(self) -> Mapping[str, Any]:
        """The settings of a client of Swift's own API."""
        return {
            "auth_url": f"{self.endpoint}/auth/v1.0",
            "user": self.USER,
            "password": self._password.read_text(),
            "ca": str(self._certificate.authority),
        }

    @property
    def s3_client(self) -> Mapping[str, Any]:
        """The settings of a client of the S3 API."""
        keys = {"access_key": self.USER, "secret_key": self._password.read_text()}
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "ca": str(self._certificate.authority),
            "users": {"odoo": keys},
        }

    def start(self) -> None:
        if self.is_running:
            return
        with step("Starting the old Swift"):
            self._prepare()
            self._certificate.make()
            if not self._password.exists():
                self._password.touch(mode=0o600)
                self._password.write_text(secrets.token_urlsafe(16))
            self._start()

    def _tls(self) -> str:
        return f"cert_file = {self._certificate.file}\nkey_file = {self._certificate.key}\n"

    def _login(self) -> tuple[str, str]:
        user = self.USER.replace(":", "_")
        return OWN_LOGIN, OWN_FILTERS.format(user=user, password=self._password.read_text())

    def _answers(self, context: ssl.SSLContext | None = None) -> bool:
        trusting = ssl.create_default_context(cafile=self._certificate.authority)
        return super()._answers(context or trusting)
