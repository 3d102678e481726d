"""What gives the lines of the log their context: requests, scheduled actions, queue jobs."""

from odoo.addons.cloud_base.events import cron_jobs, http_requests, queue_jobs
from odoo.addons.cloud_base.events.cron_jobs import CronJob
from odoo.addons.cloud_base.events.http_requests import ServedRequest
from odoo.addons.cloud_base.events.queue_jobs import QueueJob

from .context import (
    Context,
    Job,
    begin_job,
    begin_request,
    end_job,
    end_request,
    id_of,
    new_id,
    trace_of,
)

RESPONSE_HEADER = "X-Request-ID"


def subscribe() -> None:
    """Have the lines of requests and scheduled actions belong to them."""
    http_requests.subscribe(request_finished, began=request_began)
    cron_jobs.subscribe(taken=cron_taken, given_back=job_ended)


def unsubscribe() -> None:
    """Undo ``subscribe`` and ``subscribe_to_queue``."""
    http_requests.unsubscribe(request_finished, began=request_began)
    cron_jobs.unsubscribe(taken=cron_taken, given_back=job_ended)
    queue_jobs.unsubscribe(job_ended, began=queue_job_began)


def subscribe_to_queue() -> None:
    """Have the lines of queue jobs belong to them, once the addons of ``--load`` are there."""
    queue_jobs.subscribe(job_ended, began=queue_job_began)


def request_began(request: ServedRequest) -> None:
    headers = request.environ
    context = Context(id_of(headers.get("HTTP_X_REQUEST_ID")), request)
    trace = trace_of(headers.get("HTTP_TRACEPARENT"))
    if trace:
        context.trace_id, context.span_id = trace
    begin_request(context)
    request.response_headers.append((RESPONSE_HEADER, context.request_id))


def request_finished(request: ServedRequest) -> None:
    # a websocket is told as finished after its handshake, and has the thread until it ends
    if request.kind != "websocket":
        end_request(request)


def cron_taken(job: CronJob) -> None:
    _enter_job(Job("cron", job.name, str(job.job_id)), new_id(), job.database, job.user_id)


def queue_job_began(job: QueueJob) -> None:
    _enter_job(Job("queue", job.name, job.job_id), job.job_id, job.database, job.user_id)


def job_ended(_job: CronJob | QueueJob) -> None:
    end_job()


def _enter_job(job: Job, request_id: str, database: str, user_id: int) -> None:
    begin_job(Context(request_id, job=job, database=database, user_id=user_id))
