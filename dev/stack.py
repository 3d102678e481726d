"""Everything that an Odoo of the suite talks to, in one state folder."""

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from pathlib import Path

from . import apt, environments
from .console import DevError, say, step
from .environments import REQUIREMENTS, VirtualEnvironment
from .odoo import Databases, Odoo
from .process import Daemon
from .services import postgresql
from .services.keystone import Keystone
from .services.redis import Redis
from .services.redis_cluster import RedisCluster
from .services.redis_sentinel import RedisSentinel
from .services.redis_sets import RedisSet, RedisWithTLS, RedisWithUsers
from .services.seaweedfs import SeaweedFS
from .services.statsd import Statsd
from .services.swift import OldSwift, Swift
from .services.valkey import Valkey
from .settings import REPOSITORY, state_directory

PROGRAMS = ("redis-server", "nginx")
TEST_PROGRAMS = (
    "memcached",
    "openssl",
    *("swift-proxy-server", "swift-account-server", "swift-container-server"),
    "swift-object-server",
    *("node", "npm"),
    *("prometheus", "promtool"),
    *("rsyslogd", "lnav"),
    "wget",
    *("carbon-cache", "graphite-manage"),
    *("rclone", "unzip"),
    "msgmerge",
)


class Stack:
    """The services and Odoo; ``install()`` and ``start()`` may be called repeatedly.

    :param repository: the folder with the suite's addons
    """

    def __init__(self, repository: Path = REPOSITORY) -> None:
        self.state = state_directory()
        services = self.state / "services"
        self.postgresql = postgresql.PostgreSQL(services / "postgresql")
        self.redis = Redis(services / "redis")
        self.seaweedfs = SeaweedFS(services / "seaweedfs", self._seaweedfs.python.parent / "weed")
        openstack = self._openstack.python.parent
        keystone = Keystone(services / "keystone", openstack)
        self.swift = Swift(services / "swift", openstack, keystone)
        self.old_swift = OldSwift(services / "old-swift")
        self.statsd = Statsd(services / "statsd", self.state / "install" / "statsd")
        self.redis_sets: dict[str, RedisSet] = {
            "redis_tls": RedisWithTLS(services / "redis-tls"),
            "redis_acl": RedisWithUsers(services / "redis-acl"),
            "redis_sentinel": RedisSentinel(services / "redis-sentinel"),
            "redis_cluster": RedisCluster(services / "redis-cluster"),
            "valkey": Valkey(services / "valkey", self._valkey),
        }
        self.odoo = Odoo(self.state, repository)
        self.databases = Databases(self.odoo, self.postgresql, self.state)

    def install(self, *more_programs: str) -> None:
        """Install missing programs; only Debian packages need root."""
        apt.install([*postgresql.packages(), *apt.missing(*PROGRAMS, *more_programs)])
        self._seaweedfs.install()
        self.odoo.install()

    def start(self) -> None:
        """Start the services that do not run."""
        for service in (self.postgresql, self.redis, self.seaweedfs):
            service.start()

    def stop(self) -> None:
        for redis_set in self.redis_sets.values():
            redis_set.stop()
        tests = (self.statsd, self.old_swift, self.swift)
        for service in (*tests, self.seaweedfs, self.redis, self.postgresql):
            service.stop()

    def install_for_tests(self) -> None:
        """Install the servers that only tests use."""
        apt.install(apt.missing(*TEST_PROGRAMS))
        self._openstack.install()
        self._valkey.install()
        self.statsd.install()

    def start_for_tests(self) -> None:
        """Start the further servers, and write their clients' settings to a file for tests."""
        self.swift.start()
        self.old_swift.start()
        self.statsd.start()
        for redis_set in self.redis_sets.values():
            redis_set.start()
        servers = {
            "s3": self.seaweedfs.client,
            "swift": self.swift.keystone.client,
            "swift_s3": self.swift.s3_client,
            "old_swift": self.old_swift.client,
            "old_swift_s3": self.old_swift.s3_client,
            "statsd": self.statsd.client,
            **{name: redis_set.client for name, redis_set in self.redis_sets.items()},
        }
        self.test_services.touch(mode=0o600)
        self.test_services.write_text(json.dumps(servers, indent=1))

    @property
    def test_services(self) -> Path:
        """The file that the tests' variable CLOUD_TEST_SERVICES names."""
        return self.state / "services" / "tests.json"

    def clean(self) -> None:
        """Remove everything, the installed programs too."""
        self.stop()
        self.postgresql.clean()
        shutil.rmtree(self.state, ignore_errors=True)

    @contextmanager
    def in_use(self, *more_programs: str, for_tests: bool = False) -> Iterator[None]:
        """Install and start everything, for tests the further servers too.

        Of several users the last one stops the services, unless an instance runs on them.
        """
        with ExitStack() as until_the_end:
            with self.lock():
                users = until_the_end.enter_context((self.state / "users").open("w"))
                # before the services are looked at: another one may be stopping them
                fcntl.flock(users, fcntl.LOCK_SH)
                self.install(*more_programs)
                self.start()
                if for_tests:
                    self.install_for_tests()
                    self.start_for_tests()
            try:
                yield
            finally:
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if not self._instance_runs():
                        self.stop()

    @contextmanager
    def database(
        self, name: str, modules: Sequence[str], variables: Mapping[str, str]
    ) -> Iterator[Path]:
        """Create a database with some modules, and return its data directory.

        At the end it is dropped together with the buckets of its project, which has its name.
        """
        data = self.state / "tests" / name
        try:
            with step(f"Creating the database '{name}'"):
                with self.lock():
                    self.databases.create(name, data)
                if modules:
                    self.databases.install(name, modules, data, variables)
            yield data
        finally:
            self.postgresql.drop(name)
            self.seaweedfs.drop(project_of(name))
            shutil.rmtree(data, ignore_errors=True)

    def _instance_runs(self) -> bool:
        pid_files = (self.state / "instances").glob("*/*/pid")
        return any(Daemon(path.parent).pid for path in pid_files)

    def variables(self, project: str, environment: str = "prod") -> dict[str, str]:
        """Return all variables of a project's front-ends."""
        name = f"{project}-odoo-{environment}"
        return {
            **self.postgresql.env,
            **self.redis.env,
            **self.seaweedfs.env(),
            "RUNNING_ENV": environment,
            "ODOO_SESSION_REDIS_PREFIX": name,
            "AWS_BUCKETNAME": name,
        }

    @contextmanager
    def lock(self, name: str = "lock") -> Iterator[None]:
        """Keep other development commands from setting up the same state folder.

        With another name: from using the thing of that name.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / name).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another development command")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @cached_property
    def _openstack(self) -> VirtualEnvironment:
        directory = self.state / "install" / "venv-openstack"
        return VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "openstack.txt"])

    @cached_property
    def _valkey(self) -> VirtualEnvironment:
        directory = self.state / "install" / "venv-valkey"
        return VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "valkey.txt"])

    @cached_property
    def _seaweedfs(self) -> VirtualEnvironment:
        directory = self.state / "install" / "venv-seaweedfs"
        return VirtualEnvironment(directory, tool_python(), [REQUIREMENTS / "seaweedfs.txt"])


def project_of(database: str) -> str:
    """Return the project of a database in the form that a bucket's name allows."""
    return database.replace("_", "-")


def tool_python() -> str:
    """Return the Python for tools outside of Odoo's process."""
    return environments.find_tool_python()


def check_state_directory(state: Path) -> None:
    """Refuse a folder that holds something else: ``clean`` would remove it."""
    if state.is_dir() and any(state.iterdir()) and not (state / "lock").exists():
        raise DevError(
            f"{state} is not empty, and not a state folder: set CLOUD_DEV_STATE to another"
        )
