"""Attachments beside core's file store and the raw client, in one run.

A rate above 1 is faster than the first line of its table. Parts of it alone:
``dev/bench attachments:moving,collecting``.

requests()      what one operation asks of the store, counted in front of it
creating()      one attachment and a commit, repeatedly
many()          300 attachments in one create(), also with latency
reading()       in a fresh process, and in one that has read before; nothing in Odoo's caches
moving()        mixed files to the store and back, also with latency; see ``moved.py``
collecting()    10,000 marks, while another process writes
client()        the client of S3 within whole operations; see ``client.py``
downloads()     by HTTP, from a separate server; see ``downloads.py``

The processors are kept awake, like the processors of a busy server (see ``rounds.awake``): the raw
client asks one question after the other, Odoo does something else in between.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from odoo import sql_db

from odoo.addons.base_attachment_object_storage.garbage.marks import mark_all
from odoo.addons.base_attachment_object_storage.ownership.keys import key_of_digest
from odoo.addons.cloud_base.tests.faults import FaultProxy

from .client import client
from .downloads import downloading
from .moved import moving
from .rounds import awake, compare

SIZE = 10_000  # bytes
OPERATIONS = 20
MANY = 300
MARKS = 10_000
LATENCIES = (0.0, 0.01)  # seconds, each way
MIMETYPE = "application/octet-stream"  # no rule keeps it in the database


def main(registry: Any, environment: Callable[[Any], Any], *parts: str) -> None:
    """Run on a database with ``attachment_s3``; its objects stay in the bucket."""
    bench = Bench(registry, environment)
    known: dict[str, Callable[[Bench], None]] = {
        "requests": requests,
        "creating": creating,
        "many": many,
        "reading": reading,
        "moving": moved,
        "collecting": collecting,
        "client": client,
        "downloads": downloads,
    }
    with awake():
        for name in parts or known:
            known[name](bench)


class Bench:
    """A database, a bucket, and a raw client of it."""

    def __init__(self, registry: Any, environment: Callable[[Any], Any]) -> None:
        self.registry = registry
        self.environment = environment
        with registry.cursor() as cursor:
            attachments = environment(cursor)["ir.attachment"]
            self.settings = attachments._s3_settings()
            store = attachments._get_object_store("s3")
            store.create_container()
            self.bucket = store.container
        self.client = self.raw_client()
        self.names = (f"bench/{number}" for number in itertools.count())

    def raw_client(self) -> Any:
        # a separate session: the default one keeps data that a process has read before a fork
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.settings.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=self.settings.access_key.get_secret_value(),
            aws_secret_access_key=self.settings.secret_key.get_secret_value(),
            config=Config(request_checksum_calculation="when_required", max_pool_connections=16),
        )

    @contextmanager
    def through_proxy(self, latency: float = 0.0) -> Iterator[FaultProxy]:
        """Connect Odoo and the raw client to the store through a proxy."""
        url = urlsplit(self.settings.endpoint)
        client = self.client
        with FaultProxy(url.hostname or "", url.port or 80) as proxy, self.own_settings():
            self.settings = self.settings.model_copy(update={"endpoint": proxy.url})
            self.client = self.raw_client()
            proxy.latency = latency
            try:
                yield proxy
            finally:
                self.client = client

    @contextmanager
    def own_settings(self) -> Iterator[None]:
        """Make Odoo use the attribute ``settings``, which the block may replace."""
        model, before = self.registry["ir.attachment"], self.settings
        model._s3_settings = lambda _records: self.settings
        try:
            yield
        finally:
            self.settings = before
            del model._s3_settings

    @contextmanager
    def attachments(self, location: str) -> Iterator[Any]:
        """Give the model with new files at a location; commits."""
        with self.registry.cursor() as cursor:
            env = self.environment(cursor)
            yield env["ir.attachment"].with_context(storage_location=location)

    def values(self, content: bytes | None = None) -> dict[str, object]:
        return {"name": "bench", "raw": content or os.urandom(SIZE), "mimetype": MIMETYPE}

    def create(self, location: str, count: int = 1) -> list[int]:
        with self.attachments(location) as attachments:
            found: list[int] = attachments.create([self.values() for _n in range(count)]).ids
        return found

    def read(self, identifiers: list[int]) -> None:
        for number in identifiers:
            with self.attachments("s3") as attachments:
                content = attachments.browse(number).raw
                if len(content) != SIZE:
                    raise RuntimeError(f"read {len(content)} bytes instead of {SIZE}")

    def raw_put(self) -> str:
        key = next(self.names)
        self.client.put_object(Bucket=self.bucket, Key=key, Body=os.urandom(SIZE))
        return key


def requests(bench: Bench) -> None:
    print("\nRequests to the store")
    content, large = os.urandom(SIZE), os.urandom(300_000)
    with bench.through_proxy() as proxy:
        made: list[int] = []

        def write(raw: bytes) -> None:
            with bench.attachments("s3") as attachments:
                made.append(attachments.create(bench.values(raw)).id)

        def delete() -> None:
            with bench.attachments("s3") as attachments:
                attachments.browse(made).unlink()

        def read() -> None:
            with bench.attachments("s3") as attachments:
                attachments.browse(made[0]).mapped("raw")

        write(os.urandom(SIZE))  # connections
        made.clear()
        operations: tuple[tuple[str, Callable[[], object]], ...] = (
            ("write new, 10 kB", lambda: write(content)),
            ("write new, 300 kB", lambda: write(large)),
            ("write existing", lambda: write(content)),
            ("read", read),
            ("delete", delete),
        )
        for title, work in operations:
            before = len(proxy.requests)
            work()
            sent = [request.split()[0] for request in proxy.requests[before:]]
            print(f"  {title:<34} {len(sent)} {' '.join(sent)}")


def creating(bench: Bench) -> None:
    compare(
        f"one attachment of {SIZE} bytes and a commit",
        {
            "raw client, 1 thread": lambda: repeat(bench.raw_put),
            "attachment_s3": lambda: repeat(lambda: bench.create("s3")),
            "core's file store": lambda: repeat(lambda: bench.create("file")),
        },
        OPERATIONS,
    )


def many(bench: Bench) -> None:
    for latency in LATENCIES:
        with bench.through_proxy(latency) if latency else bench_as_it_is():
            contenders: dict[str, Callable[[], object]] = {
                "raw client, 1 thread": lambda: repeat(bench.raw_put, MANY),
                "attachment_s3": lambda: bench.create("s3", MANY),
                "core's file store": lambda: bench.create("file", MANY),
            }
            title = f"one create() of {MANY}, {2000 * latency:.0f} ms latency"
            compare(title, contenders, MANY, rounds=6 if latency else 11)


def reading(bench: Bench) -> None:
    stored, local = bench.create("s3", OPERATIONS), bench.create("file", OPERATIONS)
    keys = [bench.raw_put() for _number in range(OPERATIONS)]

    def raw_get(client: Any) -> None:
        for key in keys:
            client.get_object(Bucket=bench.bucket, Key=key)["Body"].read()

    compare(
        f"read of {SIZE} bytes in a process that was made a moment ago, its client included",
        {
            "raw client, 1 thread": lambda: in_fresh_process(lambda: raw_get(bench.raw_client())),
            "attachment_s3": lambda: in_fresh_process(lambda: bench.read(stored)),
            "core's file store": lambda: in_fresh_process(lambda: bench.read(local)),
        },
        OPERATIONS,
    )
    compare(
        f"read of {SIZE} bytes, nothing cached, by a process that has read before",
        {
            "raw client, 1 thread": lambda: raw_get(bench.client),
            "attachment_s3": lambda: bench.read(stored),
            "core's file store": lambda: bench.read(local),
        },
        OPERATIONS,
    )


def in_fresh_process(work: Callable[[], object]) -> float:
    """Do it in a process that has no client and no connection yet; return its seconds."""
    sql_db.close_all()  # as Odoo's prefork server
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def timed() -> None:
        began = time.perf_counter()
        work()
        sender.send(time.perf_counter() - began)

    process = context.Process(target=timed)
    process.start()
    process.join()
    if not receiver.poll():
        raise RuntimeError("the process failed")
    return float(receiver.recv())


def moved(bench: Bench) -> None:
    moving(bench, LATENCIES)


def downloads(bench: Bench) -> None:
    print("\nDownloads over HTTP, a threaded server")
    downloading(bench)


def collecting(bench: Bench) -> None:
    waits: list[float] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            bench.create("s3")
            waits.append(time.perf_counter() - began)

    with bench.registry.cursor() as cursor:
        env = bench.environment(cursor)
        env["ir.config_parameter"].set_param("ir_attachment.location", "s3")
        env["ir.attachment"]._claim_store()
        owner = env["ir.attachment"]._object_owner()
        keys = [key_of_digest(owner, os.urandom(32).hex()) for _number in range(MARKS)]
        mark_all(cursor, [f"s3://{bench.bucket}/{key}" for key in keys])
    for key in keys:
        bench.client.put_object(Bucket=bench.bucket, Key=key, Body=b"garbage")
    writer = threading.Thread(target=write)
    writer.start()
    began = time.perf_counter()
    with bench.registry.cursor() as cursor:
        report = bench.environment(cursor)["ir.attachment.garbage"]._collect_garbage(days=0)
    seconds = time.perf_counter() - began
    ended.set()
    writer.join()
    median = sorted(waits)[len(waits) // 2]
    print(f"\nCollecting {MARKS} marks: {seconds:.1f} s, {report}")
    print(
        f"  a writer meanwhile: {len(waits)} commits, "
        f"median {1000 * median:.0f} ms, longest {1000 * max(waits):.0f} ms"
    )


def repeat(work: Callable[[], object], count: int = OPERATIONS) -> None:
    for _number in range(count):
        work()


@contextmanager
def bench_as_it_is() -> Iterator[None]:
    yield
