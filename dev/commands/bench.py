"""``dev/bench NAME[:PART,PART]``: one benchmark of ``dev/benchmarks``, on real services."""

import subprocess
from pathlib import Path

from ..console import DevError
from ..manifests import manifests
from ..settings import REPOSITORY
from ..stack import Stack, project_of

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
NO_BENCHMARKS = (
    *("__init__", "__main__"),
    *("client", "downloads", "logs", "moved", "rounds", "servers"),
    *("session_client", "whole_suite"),
)


def main(arguments: list[str]) -> int:
    names = sorted(path.stem for path in BENCHMARKS.glob("*.py") if path.stem not in NO_BENCHMARKS)
    if len(arguments) != 1 or arguments[0].partition(":")[0] not in names:
        raise DevError(f"usage: dev/bench NAME, where NAME is one of: {', '.join(names)}")
    stack = Stack()
    with stack.in_use("openssl"):
        return benchmark(stack, arguments[0])


def benchmark(stack: Stack, name: str) -> int:
    """Run a benchmark on a separate database with the whole suite installed."""
    database = f"bench_{name.partition(':')[0]}"
    variables = stack.variables(project_of(database))
    with stack.database(database, list(manifests()), variables) as data:
        command = [
            *(stack.odoo.venv.python, "-m", "dev.benchmarks", name, database),
            *("--addons-path", stack.odoo.addons_path, "--data-dir", data, "--log-level=warn"),
            *("--load", stack.odoo.server_wide_modules, "--http-interface=127.0.0.1"),
        ]
        environment = stack.odoo.environment(**variables)
        environment["PYTHONPATH"] = f"{REPOSITORY}:{environment['PYTHONPATH']}"
        arguments = [str(part) for part in command]
        return subprocess.run(arguments, env=environment, cwd=data).returncode
