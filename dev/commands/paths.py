"""``dev/main.py paths [--calls] [CHECKOUT]``: print how many calls six operations make.

CHECKOUT is another work tree of this repository, for example an older commit; without it, this
one is measured. ``--calls`` prints each call too, in order, with its depth as indentation.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..console import DevError
from ..instance import INSTALL_SCRIPT
from ..manifests import manifests
from ..process import free_ports
from ..settings import REPOSITORY
from ..stack import Stack, project_of

CALLS = "--calls"

# by the title of a path: "figures" (by column) and "calls" (a line each)
Results = Mapping[str, Mapping[str, Any]]

# a variable of one addon: the server must not start
WRONG = {"ODOO_SESSION_REDIS_PORT": "many"}


def main(arguments: list[str]) -> int:
    """Print the table."""
    checkouts = [argument for argument in arguments if argument != CALLS]
    if len(checkouts) > 1:
        raise DevError(f"usage: dev/main.py paths [{CALLS}] [CHECKOUT]")
    checkout = Path(checkouts[0]).resolve() if checkouts else REPOSITORY
    stack = Stack(checkout)
    with stack.in_use():
        results = measured(stack)
    print(table(results))
    if CALLS in arguments:
        for title, result in results.items():
            print(f"\n{title}", *result["calls"], sep="\n")
    return 0


def measured(stack: Stack) -> Results:
    """Return the figures of all paths, by title."""
    database = f"paths_{os.getpid()}"
    variables = stack.variables(project_of(database))
    names = list(manifests(stack.odoo.repository))
    with stack.database(database, names, variables) as data:
        stack.databases.shell(database, INSTALL_SCRIPT, data, variables)
        started = run(stack, data, {**variables, **WRONG}, database)
        return {**run(stack, data, variables, database, database), **started}


def run(
    stack: Stack, data: Path, variables: Mapping[str, str], database: str, *served: str
) -> Results:
    """Run a server of the checkout and return its counts."""
    http_port, gevent_port, metrics_port = free_ports(28569, 3)
    more = {"ODOO_LOGGING_JSON": "1", "ODOO_PROMETHEUS_PORT": str(metrics_port)}
    environment = stack.odoo.environment(**variables, **more)
    environment["PYTHONPATH"] = f"{REPOSITORY}:{environment['PYTHONPATH']}"
    with tempfile.TemporaryDirectory() as folder:
        result, log = Path(folder) / "result", Path(folder) / "log"
        command: list[str | Path] = [
            *(stack.odoo.venv.python, "-m", "dev.call_paths", stack.odoo.repository, result),
            *(*served, "--", "-d", database, "--workers=0", "--max-cron-threads=0"),
            *("--addons-path", stack.odoo.addons_path, "--data-dir", data),
            *("--load", stack.odoo.server_wide_modules, "--http-interface=127.0.0.1"),
            *(f"--http-port={http_port}", f"--gevent-port={gevent_port}", f"--logfile={log}"),
        ]
        done = subprocess.run(
            [str(part) for part in command], env=environment, capture_output=True, text=True
        )
        if not result.exists():
            logged = log.read_text() if log.exists() else ""
            raise DevError(f"nothing was measured\n{logged[-4000:]}\n{done.stderr[-4000:]}")
        results: Results = json.loads(result.read_text())
    return results


def table(results: Results) -> str:
    """Return the figures as a table in Markdown."""
    columns = list(next(iter(results.values()))["figures"])
    rows = [
        ["path", *columns],
        ["---", *("---:" for _column in columns)],
        *([title, *map(str, each["figures"].values())] for title, each in results.items()),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
