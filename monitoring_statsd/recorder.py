"""What is told by ``cloud_base``, sent to StatsD."""

from odoo.addons.cloud_base.events import cron_jobs, http_requests, operations, queue_jobs
from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.operations import Operation
from odoo.addons.cloud_base.events.queue_jobs import QueueJob
from odoo.addons.cloud_base.events.route_labels import RouteLabels

from . import metrics as metrics
from .client import Gathered, StatsdClient
from .naming import Names, segment

BUTTONS = "/web/dataset/call_button"

# of a request: route, method, status and database
Tags = tuple[str, str, str, str]
# tags, status, seconds, queries, their seconds, of a button model and method, whether it failed
Request = tuple[Tags, int, float, int, float, tuple[str, str] | None, bool]


class Recorder:
    """Sends what requests, scheduled actions and operations of stores took."""

    def __init__(self, client: StatsdClient, names: Names, ignored_routes: frozenset[str]) -> None:
        self._client = client
        self._names = names
        self._ignored = ignored_routes
        self._labels = RouteLabels()

    def subscribe(self) -> None:
        http_requests.subscribe(self.request_finished)
        cron_jobs.subscribe(self.cron_finished)
        queue_jobs.subscribe(self.queue_job_finished)
        operations.subscribe(self.operation_done)

    def unsubscribe(self) -> None:
        http_requests.unsubscribe(self.request_finished)
        cron_jobs.unsubscribe(self.cron_finished)
        queue_jobs.unsubscribe(self.queue_job_finished)
        operations.unsubscribe(self.operation_done)

    def request_finished(self, request: ServedRequest) -> None:
        route = request.route
        if route in self._ignored:
            return
        # the request itself keeps all that it was made of
        self._client.gather(
            self._tell_request,
            (
                (*self._labels.of(request), str(request.status), request.database or ""),
                request.status,
                request.seconds,
                request.queries,
                request.query_seconds,
                request.call if route.startswith(BUTTONS) else None,
                request.has_failed,
            ),
        )

    def cron_finished(self, job: CronJob) -> None:
        # the job's duration grows until it is given back
        self._client.gather(self._tell_cron_job, (job, job.seconds, job.error))

    def queue_job_finished(self, job: QueueJob) -> None:
        self._client.gather(self._tell_queue_job, job)

    def operation_done(self, operation: Operation) -> None:
        if operation.component in metrics.STORES:
            self._client.gather(self._tell_operation, operation)

    def _tell_request(self, sink: Gathered, request: Request) -> None:
        tags, status, seconds, queries, query_seconds, call, has_failed = request
        of, database = self._names.of, tags[-1:]
        # of a request that failed, model and method are whatever the client has sent
        if call and (not has_failed or self._names.knows(metrics.BUTTON, call, database)):
            name = of(metrics.BUTTON, call, database)
        else:
            name = of(metrics.REQUEST, (), tags)
        sink.timing(name, 1000 * seconds)
        sink.incr(of(metrics.STATUS, (f"{status // 100}xx",), database))
        if queries:
            sink.incr(of(metrics.QUERIES, (), database), queries)
            sink.timing(of(metrics.SQL, (), database), 1000 * query_seconds)
        self._tell_dropped(sink)

    def _tell_cron_job(self, sink: Gathered, job: tuple[CronJob, float, str | None]) -> None:
        run, seconds, error = job
        name = segment(run.name)
        # nothing but _ is left of a name in other letters
        labels = (name if name.strip("_-") else f"job_{run.job_id}",)
        sink.timing(self._names.of(metrics.CRON_JOB, labels, (run.database,)), 1000 * seconds)
        if error:
            sink.incr(self._names.of(metrics.CRON_FAILURE, labels, (run.database,)))
        self._tell_dropped(sink)

    def _tell_queue_job(self, sink: Gathered, job: QueueJob) -> None:
        name = self._names.of(metrics.QUEUE_JOB, (job.channel, job.outcome), (job.database,))
        sink.timing(name, 1000 * job.seconds)

    def _tell_operation(self, sink: Gathered, operation: Operation) -> None:
        store, of = metrics.STORES[operation.component], self._names.of
        labels = (operation.backend, operation.name)
        if operation.seconds is None:
            sink.incr(of(store.event, labels))
            return
        sink.timing(of(store.operation, labels), 1000 * operation.seconds)
        if operation.bytes:
            sink.incr(of(store.bytes, labels), operation.bytes)
        if operation.error:
            sink.incr(of(store.error, (*labels, operation.error)))

    def _tell_dropped(self, sink: Gathered) -> None:
        dropped = self._client.take_dropped()
        if dropped:
            sink.incr(self._names.of(metrics.DROPPED), dropped)
