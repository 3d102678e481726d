"""The page to log in while the store is healthy, refuses connections, and is silent.

Each server is prefork, and clients download files from it all the time, twice as many as it has
workers: with a healthy store they are served, otherwise they wait or fail. The measured request is
the page that needs no file.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from odoo.tools import config

from odoo.addons.attachment_s3.settings import s3_settings
from odoo.addons.cloud_base.tests.faults import FaultProxy

from dev.stack import Stack, project_of

from .rounds import compare
from .whole_suite import server

WORKERS = 4
CLIENTS = 2 * WORKERS
VISITS = 20
FAULTS = {
    "healthy store": FaultProxy.pass_through,
    "store refuses connections": FaultProxy.refuse,
    "store is silent": FaultProxy.blackhole,
}


def main(registry: Any, environment: Callable[[Any], Any], *_parts: str) -> None:
    files = new_files(registry, environment)
    database = registry.db_name
    address = urlsplit(s3_settings().endpoint or "")
    variables = Stack().variables(project_of(database))
    contenders: dict[str, Callable[[], object]] = {}
    with ExitStack() as until_the_end:
        for name, begin in FAULTS.items():
            proxy = FaultProxy(address.hostname or "", address.port or 0)
            until_the_end.enter_context(proxy)
            port = until_the_end.enter_context(
                server(
                    WORKERS,
                    database,
                    Stack().odoo.server_wide_modules,
                    Path(config["data_dir"]),
                    {**variables, "AWS_HOST": proxy.url},
                )
            )
            until_the_end.callback(proxy.pass_through)
            contenders[name] = visits_while(port, files, partial(begin, proxy))
        compare(f"log-in page, prefork, {WORKERS} workers", contenders, VISITS)


def new_files(registry: Any, environment: Callable[[Any], Any]) -> list[str]:
    with registry.cursor() as cursor:
        attachments = environment(cursor)["ir.attachment"].with_context(storage_location="s3")
        attachments._get_object_store("s3").create_container()
        values = {"name": "bench.pdf", "mimetype": "application/pdf", "public": True}
        created = attachments.create(
            [{**values, "raw": b"file %d" % number} for number in range(CLIENTS)]
        )
        return [f"/web/content/{number}" for number in created.ids]


def visits_while(port: int, files: list[str], begin: Callable[[], None]) -> Callable[[], None]:
    """Return what visits the page some times while the files are downloaded."""

    def visit() -> None:
        begin()
        with downloading(port, files):
            for _visit in range(VISITS):
                if get(port, "/web/login") != 200:
                    raise RuntimeError("the page is not served")

    return visit


@contextmanager
def downloading(port: int, files: list[str]) -> Iterator[None]:
    ended = threading.Event()

    def download(path: str) -> None:
        while not ended.is_set():
            with suppress(OSError, http.client.HTTPException):
                get(port, path)
            ended.wait(0.2)

    for path in files:
        threading.Thread(target=download, args=(path,), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def get(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
