"""The common part of the recorders that turn events into metrics."""

from abc import ABC, abstractmethod

from . import cron_jobs, http_requests, operations, queue_jobs
from .cron_jobs import CronJob
from .http_requests import ServedRequest
from .operations import Operation
from .queue_jobs import QueueJob

# label sets of one metric in a process; values with further ones have the labels OTHER
LABEL_SETS = 2000
OTHER = "other"


class EventRecorder(ABC):
    """Records each request, scheduled action, queue job and operation that has ended."""

    def subscribe(self) -> None:
        """Record events from now on."""
        http_requests.subscribe(self.request_finished)
        cron_jobs.subscribe(self.cron_finished)
        queue_jobs.subscribe(self.queue_job_finished)
        operations.subscribe(self.operation_done)

    def unsubscribe(self) -> None:
        """Stop recording events."""
        http_requests.unsubscribe(self.request_finished)
        cron_jobs.unsubscribe(self.cron_finished)
        queue_jobs.unsubscribe(self.queue_job_finished)
        operations.unsubscribe(self.operation_done)

    @abstractmethod
    def request_finished(self, request: ServedRequest) -> None:
        """Record a request."""

    @abstractmethod
    def cron_finished(self, job: CronJob) -> None:
        """Record a run of a scheduled action."""

    @abstractmethod
    def queue_job_finished(self, job: QueueJob) -> None:
        """Record a run of a queue job."""

    @abstractmethod
    def operation_done(self, operation: Operation) -> None:
        """Record an operation of a store, or an event if it has no duration."""
