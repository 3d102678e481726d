"""Record events of ``cloud_base`` in the numbers of this process."""

import os
import re
import threading
import time
from typing import Any

import psutil

from odoo import sql_db

from odoo.addons.cloud_base.events import http_requests
from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.operations import Operation
from odoo.addons.cloud_base.events.queue_jobs import QueueJob
from odoo.addons.cloud_base.events.recorder import EventRecorder
from odoo.addons.cloud_base.events.route_labels import RouteLabels

from . import metrics as metrics
from .process_registry import ProcessValues

# the text of core's ConnectionPool on every series
POOL = re.compile(r"used=(\d+)/count=(\d+)/max=(\d+)")
# between two looks at the process itself
SAMPLE_SECONDS = 1.0


class Recorder(EventRecorder):
    """Counts and times requests, scheduled actions, queue jobs and operations of stores."""

    def __init__(self, values: ProcessValues, ignored_routes: frozenset[str], kind: str) -> None:
        self._values = values
        self._ignored = ignored_routes
        self._kind = kind
        self._sampled = 0.0
        self._labels = RouteLabels()
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        # reentrant: garbage collection may finish a request while another request is counted
        self._lock = threading.RLock()
        self._in_progress = 0

    def subscribe(self) -> None:  # pylint: disable=missing-return
        """Record events from now on."""
        http_requests.subscribe(began=self.request_began)
        super().subscribe()

    def unsubscribe(self) -> None:  # pylint: disable=missing-return
        """Stop recording events."""
        http_requests.unsubscribe(began=self.request_began)
        super().unsubscribe()

    def request_began(self, _request: ServedRequest) -> None:
        """Count a request as being served."""
        self._add_in_progress(1)

    def request_finished(self, request: ServedRequest) -> None:
        """Record a request, unless its route is ignored."""
        try:
            self._sample_process()
            if request.route not in self._ignored:
                self._count(request)
        finally:
            # also on a full disk; and last: a request is either in progress or counted
            self._add_in_progress(-1)

    def _add_in_progress(self, amount: int) -> None:
        with self._lock:
            # set, not added to: if a value cannot be written, the next value corrects it
            self._in_progress += amount
            self._values.put(metrics.REQUESTS_IN_PROGRESS, (), self._in_progress)

    def _count(self, request: ServedRequest) -> None:
        route_label, method = self._labels.get(request)
        database = request.database or ""
        labels = (route_label, method, str(request.status), request.kind, database)
        self._values.observe(metrics.REQUEST_SECONDS, labels, request.seconds)
        if request.queries:
            route = (route_label, database)
            self._values.add(metrics.QUERIES, route, request.queries)
            self._values.add(metrics.QUERY_SECONDS, route, request.query_seconds)

    def cron_finished(self, job: CronJob) -> None:
        """Record a run of a scheduled action."""
        labels = (job.name, job.database)
        self._values.observe(metrics.CRON_SECONDS, labels, job.seconds)
        # 0 for a job without failures: an alert needs a value to compare the first failure with
        self._values.add(metrics.CRON_FAILURES, labels, 1 if job.error else 0)
        if not job.error:
            self._values.put(metrics.CRON_SUCCESS, labels, time.time())
        # a worker of a prefork server has one kind, a threaded server has both
        self._sample_process("cron" if self._kind == "http" else None)

    def queue_job_finished(self, job: QueueJob) -> None:
        """Record a run of a queue job."""
        labels = (job.channel, job.outcome, job.database)
        self._values.observe(metrics.QUEUE_SECONDS, labels, job.seconds)

    def operation_done(self, operation: Operation) -> None:
        """Record an operation or an event of a store."""
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

    def _sample_process(self, kind: str | None = None) -> None:
        now = time.monotonic()
        if now - self._sampled < SAMPLE_SECONDS:
            return
        self._sampled = now
        used, count, maximum = pools()
        self._values.put(metrics.POOL_CONNECTIONS, ("used",), used)
        self._values.put(metrics.POOL_CONNECTIONS, ("idle",), count - used)
        self._values.put(metrics.POOL_MAXIMUM, (), maximum)
        memory = psutil.Process().memory_info().rss
        self._values.put(metrics.WORKER_MEMORY, (kind or self._kind,), memory)


def pools() -> tuple[int, int, int]:
    """Return how many connections of this process are in use, open and allowed."""
    # the second pool, for read-only connections, exists since 18.0
    names = ("_Pool", "_Pool_readonly")
    matches = [POOL.search(repr(getattr(sql_db, name, None))) for name in names]
    numbers: Any = [tuple(map(int, match.groups())) for match in matches if match]
    used, count, maximum = zip(*numbers, strict=True) if numbers else ((0,), (0,), (0,))
    return sum(used), sum(count), sum(maximum)
