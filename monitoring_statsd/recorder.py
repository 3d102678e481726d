"""What is told by ``cloud_settings``, sent to StatsD."""

from odoo.addons.cloud_settings import cron_jobs, http_requests, operations, queue_jobs
from odoo.addons.cloud_settings.cron_jobs import CronJob
from odoo.addons.cloud_settings.http_requests import ServedRequest
from odoo.addons.cloud_settings.operations import Operation
from odoo.addons.cloud_settings.queue_jobs import QueueJob

from . import names as metrics
from .client import StatsdClient
from .names import Names

BUTTONS = "/web/dataset/call_button"


class Recorder:
    """Sends what requests, scheduled actions and operations of stores took."""

    def __init__(self, client: StatsdClient, names: Names, ignored_routes: frozenset[str]) -> None:
        self._client = client
        self._names = names
        self._ignored = ignored_routes

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
        if request.route in self._ignored:
            return
        of, client, status = self._names.of, self._client, request.status
        call = request.call if request.route.startswith(BUTTONS) else None
        if call:
            name = of(metrics.BUTTON, call)
        else:
            name = of(metrics.REQUEST, (), (request.route, request.method, str(status)))
        client.timing(name, 1000 * request.seconds)
        client.incr(of(metrics.STATUS, (f"{status // 100}xx",)))
        if request.queries:
            client.incr(of(metrics.QUERIES), request.queries)
            client.timing(of(metrics.SQL), 1000 * request.query_seconds)
        self._tell_dropped()

    def cron_finished(self, job: CronJob) -> None:
        name = metrics.segment(job.name)
        # nothing but _ is left of a name in other letters
        labels = (name if name.strip("_-") else f"job_{job.job_id}",)
        self._client.timing(self._names.of(metrics.CRON_JOB, labels), 1000 * job.seconds)
        if job.error:
            self._client.incr(self._names.of(metrics.CRON_FAILURE, labels))
        self._tell_dropped()

    def queue_job_finished(self, job: QueueJob) -> None:
        name = self._names.of(metrics.QUEUE_JOB, (job.channel, job.outcome))
        self._client.timing(name, 1000 * job.seconds)

    def operation_done(self, operation: Operation) -> None:
        store = metrics.STORES.get(operation.component)
        if store is None:
            return
        of, client = self._names.of, self._client
        labels = (operation.backend, operation.name)
        if operation.seconds is None:
            client.incr(of(store.event, labels))
            return
        client.timing(of(store.operation, labels), 1000 * operation.seconds)
        if operation.bytes:
            client.incr(of(store.bytes, labels), operation.bytes)
        if operation.error:
            client.incr(of(store.error, (*labels, operation.error)))

    def _tell_dropped(self) -> None:
        dropped = self._client.take_dropped()
        if dropped:
            self._client.incr(self._names.of(metrics.DROPPED), dropped)
