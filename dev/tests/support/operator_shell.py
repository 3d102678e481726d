"""A shell as the documents' commands want it: ``odoo`` on the PATH, and its configuration."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dev.settings import child_environment
from dev.stack import Stack

ODOO = """\
#!/bin/sh
# what the program needs of the environment, beside what its operator sets
{exports}
exec {command} "$@"
"""
CONFIGURATION = """\
[options]
addons_path = {addons_path}
data_dir = {data_dir}
server_wide_modules = {load}
http_port = {port}
"""


class OperatorShell:
    """Runs documented lines; ``names`` are replaced in them, as "acme" by a test's own name.

    With ``packages``, a folder of addons and libraries, it is the Odoo before the platform.
    """

    def __init__(
        self,
        stack: Stack,
        directory: Path,
        data: Path,
        variables: Mapping[str, str],
        names: Mapping[str, str],
        packages: Path | None = None,
    ) -> None:
        self.stack = stack
        self.directory = directory
        self.names = names
        self.variables = dict(variables)
        programs = directory / "bin"
        programs.mkdir(parents=True)
        self._write_odoo(programs / "odoo", packages)
        # before the platform, an Odoo has the addons that it came with
        before = f"{stack.odoo.addons_path},{packages}/odoo/addons"
        addons = before if packages else stack.odoo.addons_path
        configuration = directory / "odoo.conf"
        configuration.write_text(
            CONFIGURATION.format(
                addons_path=addons,
                data_dir=data,
                load="base,web" if packages else stack.odoo.server_wide_modules,
                port=29369,
            )
        )
        self.settings = {
            "PATH": f"{programs}:{child_environment()['PATH']}",
            "ODOO_RC": str(configuration),
            "ADDONS": addons,
        }

    def _write_odoo(self, path: Path, packages: Path | None) -> None:
        odoo = self.stack.odoo
        first = f"{packages}:" if packages else ""
        pythonpath = first + odoo.environment()["PYTHONPATH"]
        command = " ".join(f"'{part}'" for part in odoo.command())
        path.write_text(ODOO.format(exports=f"export PYTHONPATH='{pythonpath}'", command=command))
        path.chmod(0o755)

    def named(self, text: str) -> str:
        """Return a documented text with this test's names."""
        pattern = re.compile("|".join(map(re.escape, self.names)))
        return pattern.sub(lambda found: self.names[found[0]], text)

    def run(self, line: str, tracebacks: bool = False, status: int = 0, **more: str) -> str:
        """Run one documented line and return its output.

        :param tracebacks: whether its log may have one
        :param status: the exit status that the line must have
        """
        done = subprocess.run(
            ["sh", "-c", self.named(line)],
            cwd=self.directory,
            env={**self._environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=300,
        )
        assert done.returncode == status, f"{line}\n{done.stdout}"
        assert tracebacks or "Traceback" not in done.stdout, f"{line}\n{done.stdout}"
        return done.stdout

    def start(self, line: str, log: Path) -> "subprocess.Popen[bytes]":
        """Run one documented line in the background, in a separate process group."""
        with log.open("wb") as output:
            return subprocess.Popen(
                ["sh", "-c", self.named(line)],
                cwd=self.directory,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def _environment(self) -> dict[str, str]:
        environment = {**self.stack.odoo.environment(**self.variables), **self.settings}
        environment.pop("PYTHONPATH")
        return environment
