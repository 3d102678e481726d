"""Give the lines of the log their context: requests, scheduled actions, queue jobs."""

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
    """Add the request or the scheduled action to lines from now on."""
    http_requests.subscribe(request_finished, began=request_began)
    cron_jobs.subscribe(taken=cron_taken, given_back=job_ended)


def unsubscribe() -> None:
    """Stop adding requests and jobs to lines."""
    http_requests.unsubscribe(request_finished, began=request_began)
    cron_jobs.unsubscribe(taken=cron_taken, given_back=job_ended)
    queue_jobs.unsubscribe(job_ended, began=queue_job_began)


def subscribe_to_queue() -> None:
    """Add the queue job to lines from now on; call it when the addons of ``--load`` are loaded."""
    queue_jobs.subscribe(job_ended, began=queue_job_began)


def request_began(request: ServedRequest) -> None:
    """Add the request to the lines of this thread, and its id to the response."""
    headers = request.environ
    context = Context(id_of(headers.get("HTTP_X_REQUEST_ID")), request)
    traceparent = headers.get("HTTP_TRACEPARENT")
    if traceparent and (trace := trace_of(traceparent)):
        context.trace_id, context.span_id = trace
    begin_request(context)
    request.response_headers.append((RESPONSE_HEADER, context.request_id))


def request_finished(request: ServedRequest) -> None:
    """Stop adding the request to the lines of this thread."""
    # a websocket finishes with its handshake, but uses the thread until it ends
    if request.kind != "websocket":
        end_request(request)


def cron_taken(job: CronJob) -> None:
    """Add the scheduled action to the lines of this thread."""
    _enter_job(Job("cron", job.name, str(job.job_id)), new_id(), job.database, job.user_id)


def queue_job_began(job: QueueJob) -> None:
    """Add the queue job to the lines of this thread."""
    _enter_job(Job("queue", job.name, job.job_id), job.job_id, job.database, job.user_id)


def job_ended(_job: CronJob | QueueJob) -> None:
    """Stop adding the job to the lines of this thread."""
    end_job()


def _enter_job(job: Job, request_id: str, database: str, user_id: int) -> None:
    begin_job(Context(request_id, job=job, database=database, user_id=user_id))
