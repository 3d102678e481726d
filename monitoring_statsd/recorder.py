"""Record events of ``cloud_base`` as metrics for StatsD.

A request only hands its figures to the client, which calls the ``_record_…`` method later.
"""

from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.operations import Operation
from odoo.addons.cloud_base.events.queue_jobs import QueueJob
from odoo.addons.cloud_base.events.recorder import EventRecorder
from odoo.addons.cloud_base.events.route_labels import RouteLabels

from . import metrics as metrics
from .batch import Batch
from .client import StatsdClient
from .naming import Names, segment

BUTTONS = "/web/dataset/call_button"

# of a request: route, method, status and database
Tags = tuple[str, str, str, str]
# tags, status, seconds, queries, their seconds, model and method of a button, has it failed
Request = tuple[Tags, int, float, int, float, tuple[str, str] | None, bool]


class Recorder(EventRecorder):
    """Sends the durations of requests, scheduled actions, queue jobs and operations."""

    def __init__(self, client: StatsdClient, names: Names, ignored_routes: frozenset[str]) -> None:
        self._client = client
        self._names = names
        self._ignored = ignored_routes
        self._labels = RouteLabels()

    def request_finished(self, request: ServedRequest) -> None:
        """Record a request, unless its route is ignored."""
        route = request.route
        if route in self._ignored:
            return
        # figures instead of the request, which would keep its objects in memory
        self._client.gather(
            self._record_request,
            (
                (*self._labels.get(request), str(request.status), request.database or ""),
                request.status,
                request.seconds,
                request.queries,
                request.query_seconds,
                request.call if route.startswith(BUTTONS) else None,
                request.has_failed,
            ),
        )

    def cron_finished(self, job: CronJob) -> None:
        """Record a run of a scheduled action."""
        # the duration of the job changes until the process gives it back
        self._client.gather(self._record_cron_job, (job, job.seconds, job.error))

    def queue_job_finished(self, job: QueueJob) -> None:
        """Record a run of a queue job."""
        self._client.gather(self._record_queue_job, job)

    def operation_done(self, operation: Operation) -> None:
        """Record an operation or an event of a store."""
        if operation.component in metrics.STORES:
            self._client.gather(self._record_operation, operation)

    def _record_request(self, batch: Batch, request: Request) -> None:
        tags, status, seconds, queries, query_seconds, call, has_failed = request
        name_of, database = self._names.get, tags[-1:]
        # model and method of a request that failed are texts of the client
        if call and (not has_failed or self._names.knows(metrics.BUTTON, call, database)):
            name = name_of(metrics.BUTTON, call, database)
        else:
            name = name_of(metrics.REQUEST, (), tags)
        batch.timing(name, 1000 * seconds)
        batch.incr(name_of(metrics.STATUS, (f"{status // 100}xx",), database))
        if queries:
            batch.incr(name_of(metrics.QUERIES, (), database), queries)
            batch.timing(name_of(metrics.SQL, (), database), 1000 * query_seconds)
        self._record_dropped(batch)

    def _record_cron_job(self, batch: Batch, job: tuple[CronJob, float, str | None]) -> None:
        run, seconds, error = job
        name = segment(run.name)
        # only _ is left of a name in another script
        labels = (name if name.strip("_-") else f"job_{run.job_id}",)
        database = (run.database,)
        batch.timing(self._names.get(metrics.CRON_JOB, labels, database), 1000 * seconds)
        if error:
            batch.incr(self._names.get(metrics.CRON_FAILURE, labels, database))
        self._record_dropped(batch)

    def _record_queue_job(self, batch: Batch, job: QueueJob) -> None:
        name = self._names.get(metrics.QUEUE_JOB, (job.channel, job.outcome), (job.database,))
        batch.timing(name, 1000 * job.seconds)

    def _record_operation(self, batch: Batch, operation: Operation) -> None:
        store, name_of = metrics.STORES[operation.component], self._names.get
        labels = (operation.backend, operation.name)
        if operation.seconds is None:
            batch.incr(name_of(store.event, labels))
            return
        batch.timing(name_of(store.operation, labels), 1000 * operation.seconds)
        if operation.bytes:
            batch.incr(name_of(store.bytes, labels), operation.bytes)
        if operation.error:
            batch.incr(name_of(store.error, (*labels, operation.error)))

    def _record_dropped(self, batch: Batch) -> None:
        dropped = self._client.take_dropped()
        if dropped:
            batch.incr(self._names.get(metrics.DROPPED), dropped)
