"""The client of S3 within whole operations: create() of a small file, and its download.

Contenders send the same requests by different code: see ``CONTENDERS``. The store is behind a
proxy of another process, which adds the same latency for each of them.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

from odoo.tools import config

from dev.process import free_ports
from dev.stack import Stack

from .downloads import read
from .rounds import compare
from .servers import option, serving
from .sessions import slow_connection

OPERATIONS = 20
ROUNDS = 21
LATENCIES_MS = (0, 1, 5)  # of a request and its answer together

# the settings of each contender; a bucket in the host name is left to boto3, and an address that
# is a number cannot have it there
CONTENDERS: dict[str, dict[str, str]] = {
    "boto3": {"addressing_style": "auto"},
    "fast path": {"addressing_style": "path"},
}


def client(bench: Any) -> None:
    """Print the rate of each contender for each operation and each latency."""
    for latency in LATENCIES_MS:
        url = urlsplit(bench.settings.endpoint)
        with slow_connection(url.hostname or "", url.port or 80, latency / 1000) as port:
            endpoint = f"http://127.0.0.1:{port}"
            creating(bench, endpoint, latency)
            downloading(bench, endpoint, latency)


def creating(bench: Any, endpoint: str, latency: int) -> None:
    def create(settings: Any) -> None:
        bench.settings = settings
        for _number in range(OPERATIONS):
            bench.create("s3")

    with bench.own_settings():
        contenders = {
            name: functools.partial(
                create, bench.settings.model_copy(update={"endpoint": endpoint, **different})
            )
            for name, different in CONTENDERS.items()
        }
        title = f"create() of 10 kB with commit, {latency} ms"
        compare(title, contenders, OPERATIONS, rounds=ROUNDS)


def downloading(bench: Any, endpoint: str, latency: int) -> None:
    with ExitStack() as stack:
        addresses = {
            name: stack.enter_context(server(bench, endpoint, different))
            for name, different in CONTENDERS.items()
        }
        paths = [small_file(bench) for _number in range(OPERATIONS)]

        def download(address: str) -> None:
            for path in paths:
                read(address + path)

        contenders: Mapping[str, Callable[[], object]] = {
            name: functools.partial(download, address) for name, address in addresses.items()
        }
        title = f"download of 10 kB by HTTP, {latency} ms"
        compare(title, contenders, OPERATIONS, rounds=ROUNDS)


def small_file(bench: Any) -> str:
    with bench.attachments("s3") as attachments:
        values = {**bench.values(), "public": True}
        return f"/web/content/{attachments.create(values).id}"


@contextmanager
def server(bench: Any, endpoint: str, different: Mapping[str, str]) -> Iterator[str]:
    """Run a threaded server with other settings of S3; yield its URL."""
    port, gevent_port = free_ports(28360, 2)
    environment = dict(os.environ)  # noqa: TID251  # of a child
    environment["AWS_HOST"] = endpoint
    environment["AWS_ADDRESSING_STYLE"] = different["addressing_style"]
    addons, load = (option(name) for name in ("addons_path", "server_wide_modules"))
    command = Stack().odoo.command(
        *("-d", bench.registry.db_name, "--workers=0", "--max-cron-threads=0"),
        *("--addons-path", addons, "--data-dir", config["data_dir"], "--load", load),
        *("--log-level=error", "--http-interface=127.0.0.1"),
        *(f"--http-port={port}", f"--gevent-port={gevent_port}"),
    )
    with serving(command, port, environment):
        yield f"http://127.0.0.1:{port}"
