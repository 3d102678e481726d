"""Queue job events: subscribe to be notified of each job of OCA's ``queue_job``.

Like ``cron_jobs``::

    subscribe(finished, began=began)

Call it when all server-wide addons are loaded, for example in an action of
``checks.when_serving``: the job runner needs ``queue_job`` in ``--load`` too. Without that
addon it does nothing.
"""

import functools
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from psycopg2 import OperationalError

from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

from .observers import Observers

_logger = logging.getLogger(__name__)

MODULE = "odoo.addons.queue_job.job"


class QueueJob:
    """A run of a job.

    ``name`` is model and method, for example ``res.partner.write``; ``outcome`` is done, retried
    or failed.
    """

    __slots__ = (
        "_began",
        "channel",
        "database",
        "job_id",
        "name",
        "outcome",
        "seconds",
        "user_id",
    )

    def __init__(self, job: Any) -> None:
        self.job_id = str(job.uuid)
        self.name = f"{job.model_name}.{job.method_name}"
        self.channel = str(job.channel)
        self.database: str = job.env.cr.dbname
        self.user_id: int = job.env.uid
        self.outcome = "failed"
        self.seconds = 0.0
        self._began = time.perf_counter()

    def finish(self) -> None:
        """Notify the observers of a run that has ended."""
        self.seconds = time.perf_counter() - self._began
        _finished.notify(self)


Observer = Callable[[QueueJob], None]

_began: Observers[QueueJob] = Observers(_logger)
_finished: Observers[QueueJob] = Observers(_logger)


def subscribe(finished: Observer, *, began: Observer | None = None) -> None:
    """Call ``began`` before and ``finished`` after each run of a job."""
    job_class = getattr(sys.modules.get(MODULE), "Job", None)
    if job_class is None:
        return
    _observe(job_class)
    _finished.add(finished)
    if began:
        _began.add(began)


def unsubscribe(finished: Observer, *, began: Observer | None = None) -> None:
    """Stop calling the observers."""
    _finished.discard(finished)
    if began:
        _began.discard(began)


@functools.cache
def _observe(job_class: Any) -> None:
    job_class.perform = _observed(job_class.perform)


def _observed(perform: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(perform)
    def observed_perform(self: Any) -> Any:
        if not _finished:
            return perform(self)
        job = QueueJob(self)
        _began.notify(job)
        try:
            result = perform(self)
            job.outcome = "done"
            return result
        except Exception as error:
            if _is_retried(error):
                job.outcome = "retried"
            raise
        finally:
            job.finish()

    return observed_perform


def _is_retried(error: Exception) -> bool:
    """Return True if the controller of ``queue_job`` repeats a job after this error."""
    if isinstance(error, OperationalError):
        return error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY
    return isinstance(error, sys.modules[MODULE].RetryableJobError)
