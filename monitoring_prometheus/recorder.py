"""What is told by ``cloud_base``, added to the numbers of this process."""

import os
import re
import threading
import time
from typing import Any

import psutil

from odoo import sql_db

from odoo.addons.cloud_base.events import cron_jobs, http_requests, operations, queue_jobs
from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.operations import Operation
from odoo.addons.cloud_base.events.queue_jobs import QueueJob
from odoo.addons.cloud_base.events.route_labels import RouteLabels

from . import metrics as metrics
from .process_registry import ProcessValues

# how core's ConnectionPool shows itself, on every series
POOL = re.compile(r"used=(\d+)/count=(\d+)/max=(\d+)")
SEEN_SECONDS = 1.0


class Recorder:
    """Counts requests, scheduled actions and operations of stores."""

    def __init__(self, values: ProcessValues, ignored_routes: frozenset[str], kind: str) -> None:
        self._values = values
        self._ignored = ignored_routes
        self._kind = kind
        self._seen = 0.0
        self._labels = RouteLabels()
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        # reentrant: garbage collection may end a request while another one is counted
        self._lock = threading.RLock()
        self._in_progress = 0

    def subscribe(self) -> None:
        http_requests.subscribe(self.request_finished, began=self.request_began)
        cron_jobs.subscribe(self.cron_finished)
        queue_jobs.subscribe(self.queue_job_finished)
        operations.subscribe(self.operation_done)

    def unsubscribe(self) -> None:
        http_requests.unsubscribe(self.request_finished, began=self.request_began)
        cron_jobs.unsubscribe(self.cron_finished)
        queue_jobs.unsubscribe(self.queue_job_finished)
        operations.unsubscribe(self.operation_done)

    def request_began(self, _request: ServedRequest) -> None:
        self._add_in_progress(1)

    def request_finished(self, request: ServedRequest) -> None:
        # first: on a full disk what comes after it fails
        self._add_in_progress(-1)
        self._see_process()
        if request.route not in self._ignored:
            self._count(request)

    def _add_in_progress(self, amount: int) -> None:
        with self._lock:
            # set, not added to: where a value cannot be written, the next one corrects it
            self._in_progress += amount
            self._values.put(metrics.REQUESTS_IN_PROGRESS, (), self._in_progress)

    def _count(self, request: ServedRequest) -> None:
        route_label, method = self._labels.of(request)
        database = request.database or ""
        labels = (route_label, method, str(request.status), request.kind, database)
        self._values.observe(metrics.REQUEST_SECONDS, labels, request.seconds)
        if request.queries:
            route = (route_label, database)
            self._values.add(metrics.QUERIES, route, request.queries)
            self._values.add(metrics.QUERY_SECONDS, route, request.query_seconds)

    def cron_finished(self, job: CronJob) -> None:
        labels = (job.name, job.database)
        self._values.observe(metrics.CRON_SECONDS, labels, job.seconds)
        # a job that never failed has the counter too, or its first failure would not be seen
        self._values.add(metrics.CRON_FAILURES, labels, 1 if job.error else 0)
        if not job.error:
            self._values.put(metrics.CRON_SUCCESS, labels, time.time())
        # workers of prefork have either; a threaded server both
        self._see_process("cron" if self._kind == "http" else None)

    def queue_job_finished(self, job: QueueJob) -> None:
        labels = (job.channel, job.outcome, job.database)
        self._values.observe(metrics.QUEUE_SECONDS, labels, job.seconds)

    def operation_done(self, operation: Operation) -> None:
        store = metrics.STORES.get(operation.component)
        if store is None:
            return
        labels = (operation.name, operation.backend)
        if operation.seconds is None:
            self._values.add(store.events, labels)
            return
        self._values.observe(store.seconds, labels, operation.seconds)
        if operation.bytes:
            self._values.add(store.bytes, labels, operation.bytes)
        if operation.error:
            self._values.add(store.errors, (*labels, operation.error))

    def _see_process(self, kind: str | None = None) -> None:
        now = time.monotonic()
        if now - self._seen < SEEN_SECONDS:
            return
        self._seen = now
        used, count, maximum = pools()
        self._values.put(metrics.POOL_CONNECTIONS, ("used",), used)
        self._values.put(metrics.POOL_CONNECTIONS, ("idle",), count - used)
        self._values.put(metrics.POOL_MAXIMUM, (), maximum)
        memory = psutil.Process().memory_info().rss
        self._values.put(metrics.WORKER_MEMORY, (kind or self._kind,), memory)


def pools() -> tuple[int, int, int]:
    """Return how many connections of this process are in use, open and allowed."""
    # the second one, of read-only connections, came with 18.0
    names = ("_Pool", "_Pool_readonly")
    shown = [POOL.search(repr(getattr(sql_db, name, None))) for name in names]
    numbers: Any = [tuple(map(int, found.groups())) for found in shown if found]
    used, count, maximum = zip(*numbers, strict=True) if numbers else ((0,), (0,), (0,))
    return sum(used), sum(count), sum(maximum)
