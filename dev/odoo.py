"""A real Odoo: its source and Python, databases with a template, and its programs."""

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from . import apt, environments
from .console import DevError, run, say, step
from .environments import REQUIREMENTS, VirtualEnvironment, made_once
from .services.postgresql import PostgreSQL
from .settings import REPOSITORY, child_environment, odoo_source

SERIES = ("17.0", "18.0", "19.0")
TEMPLATE_MODULES = ("base", "web", "mail")
# the suite's addons that concern the whole server; statsd does nothing unless it is switched on
SUITE = (
    "session_redis",
    "monitoring_prometheus",
    "monitoring_statsd",
    "attachment_s3",
    "cloud_platform",
)
# named by its manifest, for updates from very old releases
QUEUE_JOB_NEEDS = ("openupgradelib==3.13.7",)
NEW_UUID = "UPDATE ir_config_parameter SET value = gen_random_uuid() WHERE key = 'database.uuid'"


class Odoo:
    """The Odoo to work with: ``ODOO_SOURCE``, or 19.0 from Debian's package.

    :param repository: the folder with the suite's addons
    """

    def __init__(self, state: Path, repository: Path = REPOSITORY) -> None:
        self.repository = repository
        self._state = state
        self._source = odoo_source()
        self._package = state / "install" / "odoo-19.0"

    def install(self) -> None:
        """Unpack Odoo if it is missing, and make the virtual environment."""
        if self._source is None:
            made_once(
                self._package,
                "Unpacking Odoo 19.0 from Debian's packages",
                apt.ODOO_PACKAGES,
                lambda: apt.unpack_odoo(self._package, self._state / "install" / "apt"),
            )
        if self.series not in SERIES:
            raise DevError(
                f"{self._source} is Odoo {self.series}; the suite knows {', '.join(SERIES)}"
            )
        self.venv.install()
        if environments.is_racy(self._python[1]):
            version = ".".join(map(str, self._python[1]))
            say(
                f"Warning: Python {version} has a thread race in its parser (gh-106905); "
                "it is worked around here. PYTHON=... chooses another one."
            )

    @cached_property
    def series(self) -> str:
        """17.0, 18.0 or 19.0, as the source says."""
        release = self.root / "odoo" / "release.py"
        if not release.exists():
            raise DevError(f"ODOO_SOURCE: {self._source} holds no Odoo (odoo/release.py)")
        numbers = re.search(r"^version_info = \((\d+), (\d+)", release.read_text(), re.MULTILINE)
        if not numbers:
            raise DevError(f"{release} names no version")
        return ".".join(numbers.groups())

    @cached_property
    def venv(self) -> VirtualEnvironment:
        program, version = self._python
        major, minor, _micro = version
        requirements = REPOSITORY / "requirements.txt"
        # checkouts with other requirements may use the same state folder at the same time
        digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]
        return VirtualEnvironment(
            self._state / "install" / f"venv-odoo-{self.series}-python{major}.{minor}-{digest}",
            program,
            [self.pins, requirements, REQUIREMENTS / "odoo-tests.txt"],
            [f"odoo-addon-server-environment=={self.series}.*"],
        )

    @property
    def pins(self) -> Path:
        """The file of what Odoo itself needs."""
        return REQUIREMENTS / ("odoo-17.0.txt" if self.series == "17.0" else "odoo-19.0.txt")

    @cached_property
    def server_wide_modules(self) -> str:
        """``--load`` of a front-end: core's own default, and the suite's addons."""
        core = ["base", "rpc", "web"] if (self._addons / "rpc").exists() else ["base", "web"]
        # first, so that log lines from the import of the others are JSON already
        return ",".join(["logging_json", *core, *SUITE])

    @cached_property
    def addons_path(self) -> str:
        core = [self._source / "addons"] if self._source else []
        return ",".join(map(str, [*core, self.repository]))

    def queue_job(self) -> Path:
        """Install OCA's ``queue_job`` in a separate folder, and return the folder for PYTHONPATH.

        Other servers must not find it: for the suite the addon is optional.
        """
        directory = self._state / "install" / f"queue-job-{self.series}"
        packages = [f"odoo-addon-queue-job=={self.series}.*", *QUEUE_JOB_NEEDS]

        def make() -> None:
            # --no-deps: their dependency "odoo" is in no registry
            options = ("-q", "--no-deps", "--target", directory)
            run([self.venv.python, "-m", "pip", "install", *options, *packages])

        made_once(directory, "Installing queue_job", packages, make)
        return directory

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return the command line of Odoo's program with some arguments."""
        return [self.venv.python, self._program, *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment of an Odoo process."""
        path = [self.root]
        if environments.is_racy(self._python[1]):
            path.append(Path(__file__).parent / "parser_lock")
        # ODOO_RC: a configuration file in the user's home must decide nothing here
        return child_environment(
            PYTHONPATH=":".join(map(str, path)), ODOO_RC="/dev/null", **variables
        )

    @cached_property
    def _python(self) -> tuple[str, tuple[int, int, int]]:
        return environments.find_python()

    @property
    def root(self) -> Path:
        """The folder that holds the package ``odoo``."""
        return self._source or self._package / "usr/lib/python3/dist-packages"

    @property
    def _addons(self) -> Path:
        return self.root / ("odoo/addons" if self._source is None else "addons")

    @property
    def _program(self) -> Path:
        return self._source / "odoo-bin" if self._source else self._package / "usr/bin/odoo"


class Databases:
    """Databases with a suite's modules, cloned from a template that is made once."""

    def __init__(self, odoo: Odoo, postgresql: PostgreSQL, state: Path) -> None:
        self._odoo = odoo
        self._postgresql = postgresql
        self._filestores = state / "templates"

    def create(self, database: str, data_directory: Path) -> None:
        """Create a database (an old one of that name is dropped) from the template.

        Its files are copied into ``data_directory``, where Odoo looks for them.
        """
        template = self.template()
        self._postgresql.drop(database)
        self._postgresql.create(database, template)
        # another database for the stores, not a copy of the template
        self._postgresql.query(database, NEW_UUID)
        self._copy_files(self._filestores / template, template, data_directory, database)

    def installed(self, database: str) -> set[str]:
        """Return the modules that are installed; none in a database without Odoo."""
        if self._postgresql.query(database, "SELECT to_regclass('ir_module_module')") == [""]:
            return set()
        sql = "SELECT name FROM ir_module_module WHERE state = 'installed'"
        return set(self._postgresql.query(database, sql))

    def install(
        self,
        database: str,
        modules: Sequence[str],
        data_directory: Path,
        variables: Mapping[str, str],
    ) -> None:
        """Install modules, or update those that are installed.

        Odoo's status says nothing of a module that it refused, so each is looked up.
        """
        known = self.installed(database)
        new = ",".join(name for name in modules if name not in known)
        old = ",".join(name for name in modules if name in known)
        output = run(
            self._odoo.command(
                *("-d", database, "--stop-after-init", "--no-http"),
                *(["-i", new] if new else []),
                *(["-u", old] if old else []),
                *("--addons-path", self._odoo.addons_path, "--data-dir", data_directory),
                *("--load", self._odoo.server_wide_modules),
                *("--without-demo=True", "--log-level=warn", "--max-cron-threads=0"),
            ),
            env=self._odoo.environment(**{**self._postgresql.env, **variables}),
        )
        absent = set(modules) - self.installed(database)
        if absent:
            raise DevError(f"not installed: {', '.join(sorted(absent))}\n{output[-4000:]}")

    def shell(
        self, database: str, script: str, data_directory: Path, variables: Mapping[str, str]
    ) -> str:
        """Run a script in ``odoo shell`` and return its output."""
        odoo = self._odoo
        arguments = ("shell", "-d", database, "--no-http", "--log-level=warn")
        paths = ("--addons-path", odoo.addons_path, "--data-dir", data_directory)
        load = ("--load", odoo.server_wide_modules)
        command = odoo.command(*arguments, *paths, *load)
        return run(command, env=odoo.environment(**variables), stdin=script)

    def template(self) -> str:
        """Return the name of the template database, which is made if it is missing."""
        identity = f"{self._odoo.root} {TEMPLATE_MODULES}"
        name = (
            f"template_{self._odoo.series[:2]}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
        )
        if name in self._postgresql.databases():
            return name
        with step(f"Creating a template database with {', '.join(TEMPLATE_MODULES)}"):
            # under another name until it is whole
            half = f"{name}_half"
            shutil.rmtree(self._filestores / name, ignore_errors=True)
            self._postgresql.drop(half)
            self._postgresql.create(half)
            self.install(half, TEMPLATE_MODULES, self._filestores / name, {})
            self._postgresql.rename(half, name)
            filestore = self._filestores / name / "filestore"
            if (filestore / half).exists():
                (filestore / half).rename(filestore / name)
        return name

    @staticmethod
    def _copy_files(source: Path, from_name: str, target: Path, to_name: str) -> None:
        files = source / "filestore" / from_name
        copy = target / "filestore" / to_name
        shutil.rmtree(copy, ignore_errors=True)
        if files.exists():
            shutil.copytree(files, copy)
