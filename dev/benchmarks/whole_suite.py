"""Servers with all of the suite, which counts and logs all it can, beside bare Odoo.

All write their log into a file. Servers that are alike differ by some percent, by where their
memory is placed: there are several of each kind, and a round asks one of each.

Client, Redis, StatsD and PostgreSQL share the machine's cores with the workers, and elsewhere
have separate machines. The share of Redis is shown by bare Odoo that sends it one GET a
request, see ``addons/one_get``. Prefork is measured with two workers, which leave two cores idle
while they wait for Redis, and with the five that Odoo's documents recommend for two cores.
"""

import itertools
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from odoo.tools import config

from dev.manifests import manifests
from dev.process import answers, free_ports
from dev.stack import Stack, project_of

from .rounds import compare
from .servers import load, log_in, serving

LIGHT_REQUESTS = 400
# of each kind, and rounds that each of them has
SERVERS = 3
ROUNDS = 7 * SERVERS

ADDONS = frozenset(manifests())
BARE, ONE_GET, SUITE = "bare Odoo", "and one GET of Redis a request", "with the whole suite"


def compare_with_bare(database: str, statsd_port: int) -> None:
    """Send the same light requests to servers with the suite and to some without, in turns."""
    stack = Stack()
    bare = "bench_bare"
    data = Path(config["data_dir"]) / "bare"
    try:
        stack.databases.create(bare, data)
        for workers, connections in ((0, 1), (2, 8), (5, 20)):
            _compare(database, bare, data, statsd_port, workers, connections)
    finally:
        stack.postgresql.drop(bare)
        shutil.rmtree(data, ignore_errors=True)


def _compare(
    database: str, bare: str, data: Path, statsd_port: int, workers: int, connections: int
) -> None:
    stack = Stack()
    modules = stack.odoo.server_wide_modules
    core = ",".join(name for name in modules.split(",") if name not in ADDONS)
    variables = suite_variables(database, statsd_port)
    kinds: dict[str, tuple[str, str, Path, Mapping[str, str]]] = {
        BARE: (bare, core, data, {}),
        ONE_GET: (bare, f"{core},one_get", data, variables),
        SUITE: (database, modules, Path(config["data_dir"]), variables),
    }
    doors: dict[str, list[tuple[int, str]]] = {name: [] for name in kinds}
    with ExitStack() as until_the_end:
        for name in list(kinds) * SERVERS:
            port = until_the_end.enter_context(server(workers, *kinds[name]))
            cookie = log_in(port, kinds[name][0])
            load(port, cookie, connections, LIGHT_REQUESTS)
            doors[name].append((port, cookie))
        contenders = {name: _in_turns(doors[name], connections) for name in kinds}
        kind = f"prefork, {workers} workers" if workers else "threaded"
        title = f"light requests, {kind}, {connections} connections"
        compare(title, contenders, LIGHT_REQUESTS, rounds=ROUNDS)
        print("  (target: a rate of 0.95 at least)")


def _in_turns(doors: list[tuple[int, str]], connections: int) -> Callable[[], None]:
    """Return what sends the requests of a round, to the next server each time."""
    turns = itertools.cycle(doors)
    return lambda: load(*next(turns), connections, LIGHT_REQUESTS)


def suite_variables(database: str, statsd_port: int) -> dict[str, str]:
    """Return the environment of a server that counts and logs all it can."""
    return {
        **Stack().variables(project_of(database)),
        "ODOO_LOGGING_JSON": "1",
        "ODOO_STATSD": "1",
        "STATSD_CUSTOMER": "acme",
        "STATSD_HOST": "127.0.0.1",
        "STATSD_PORT": str(statsd_port),
    }


@contextmanager
def server(
    workers: int, database: str, modules: str, data: Path, variables: Mapping[str, str]
) -> Iterator[int]:
    stack = Stack()
    port, gevent_port = free_ports(28269, 2)
    command = stack.odoo.command(
        *("-d", database, f"--workers={workers}", "--max-cron-threads=0"),
        *("--addons-path", f"{stack.odoo.addons_path},{Path(__file__).parent / 'addons'}"),
        *("--data-dir", data, "--load", modules),
        *(f"--http-port={port}", f"--gevent-port={gevent_port}", "--http-interface=127.0.0.1"),
        *("--log-level=info", "--logfile", data / f"{database}.log"),
    )
    environment = stack.odoo.environment(**{**stack.postgresql.env, **variables})
    with serving(command, port, environment):
        # a port on which no server listens yet looks free to the next server
        while workers and not answers(gevent_port):
            time.sleep(0.1)
        yield port
