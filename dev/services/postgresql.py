"""PostgreSQL: a separate throw-away cluster on a port of 127.0.0.1."""

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..console import DevError, run, step
from ..process import Daemon, free_ports
from ..settings import child_environment

ROLE = "odoo"  # Odoo refuses to work as "postgres"


def packages() -> list[str]:
    return [] if _binaries() else ["postgresql"]


class PostgreSQL:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self._user = "postgres" if os.geteuid() == 0 else None  # the server refuses to be root
        self._cluster = self._cluster_directory()

    @property
    def env(self) -> Mapping[str, str]:
        """The variables with which libpq, and so every client, connects."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": (self.directory / "port").read_text(),
            "PGUSER": ROLE,
            "PGPASSWORD": (self.directory / "password").read_text(),
        }

    def start(self) -> None:
        if self.daemon.pid is not None:
            return
        with step("Starting PostgreSQL"):
            self.directory.mkdir(parents=True, exist_ok=True)
            if not (self.directory / "initialized").exists():
                self._initialize()
            port = free_ports(25432)[0]
            (self.directory / "port").write_text(str(port))
            # nothing in here has to survive a power cut
            lazy = [
                f"-c{name}=off" for name in ("fsync", "synchronous_commit", "full_page_writes")
            ]
            self.daemon.start(
                [
                    *(_binary("postgres"), "-D", self._cluster, "-p", str(port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                    *("-c", "max_connections=200", *lazy),
                ],
                ready=self._accepts,
                env=child_environment(),
                user=self._user,
                cwd=self._cluster,
            )

    def stop(self) -> None:
        self.daemon.stop()

    def clean(self) -> None:
        self.daemon.kill()
        shutil.rmtree(self._cluster, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def query(self, database: str, sql: str) -> list[str]:
        """Return the rows that ``sql`` gives, a string each."""
        return self._client(
            "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql
        ).splitlines()

    def databases(self) -> list[str]:
        return self.query("postgres", "SELECT datname FROM pg_database")

    def create(self, database: str, template: str = "template1") -> None:
        self._client("createdb", "-T", template, database)

    def drop(self, database: str) -> None:
        self._client("dropdb", "--if-exists", "--force", database)

    def rename(self, database: str, to: str) -> None:
        self.query("postgres", f'ALTER DATABASE "{database}" RENAME TO "{to}"')

    def copy_to(self, other: "PostgreSQL", database: str) -> None:
        """Copy a database to another server under its name, as ``pg_dump | psql`` does."""
        other.create(database)
        dump = self._client("pg_dump", database)
        other._client("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", database, stdin=dump)

    def _client(self, program: str, *arguments: str, stdin: str | None = None) -> str:
        return run([_binary(program), *arguments], env=child_environment(**self.env), stdin=stdin)

    def _accepts(self) -> bool:
        with contextlib.suppress(DevError):
            self._client("pg_isready", "-q")
            return True
        return False

    def _initialize(self) -> None:
        """Make the cluster; only a whole one is marked, so that half a one is made again."""
        shutil.rmtree(self._cluster, ignore_errors=True)
        self._cluster.mkdir(mode=0o700, parents=True)
        password = secrets.token_urlsafe(16)
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(password)
            file.flush()
            if self._user:
                shutil.chown(self._cluster, self._user)
                shutil.chown(file.name, self._user)
            run(
                [
                    *(["runuser", "-u", self._user, "--"] if self._user else []),
                    *(str(_binary("initdb")), "-D", str(self._cluster), "-U", ROLE),
                    *("-A", "scram-sha-256", f"--pwfile={file.name}", "-E", "UTF8"),
                    *("--locale=C.UTF-8", "--no-sync"),
                ],
                env=child_environment(),
                cwd=self._cluster,
            )
        secret = self.directory / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        (self.directory / "initialized").touch()

    def _cluster_directory(self) -> Path:
        """Return the folder of the files: in the state folder, if the server's user can enter it.

        Only root can enter root's home.
        """
        if self._user is None:
            return self.directory / "cluster"
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"odoo-cloud-platform-{digest}"


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major_version)
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


def _major_version(path: Path) -> float:
    return float(path.parent.parent.name)


def _binary(name: str) -> Path:
    directory = _binaries()
    if directory is None:
        raise DevError("no PostgreSQL server is installed")
    return directory / name
