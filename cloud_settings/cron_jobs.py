"""The scheduled actions that a process runs, told once to whoever counts or logs them.

How: as in ``http_requests``; the first subscriber has ``ir.cron`` observed::

    subscribe(finished, began=began)

Each run of a job's action is told, in the thread that runs it. From 18.0 on a job that
reports progress runs several times in a row.
"""

import functools
import importlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from .observers import Observers

_logger = logging.getLogger(__name__)


class CronJob:
    """A run of a job; ``error`` is the class name of what ended it, ``name`` as it is shown."""

    __slots__ = ("_began", "database", "error", "job_id", "name", "seconds", "user_id")

    def __init__(self, name: str, job_id: int, database: str, user_id: int) -> None:
        self.name = name
        self.job_id = job_id
        self.database = database
        self.user_id = user_id
        self.seconds = 0.0
        self.error: str | None = None
        self._began = time.perf_counter()

    def finished(self) -> None:
        self.seconds = time.perf_counter() - self._began
        _finished.tell(self)


Observer = Callable[[CronJob], None]

_began: Observers[CronJob] = Observers(_logger)
_finished: Observers[CronJob] = Observers(_logger)
_running = threading.local()


def subscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Have ``began`` called before and ``finished`` after each run of a job."""
    _observe()
    if began:
        _began.add(began)
    if finished:
        _finished.add(finished)


def unsubscribe(finished: Observer | None = None, *, began: Observer | None = None) -> None:
    """Undo ``subscribe``."""
    if began:
        _began.discard(began)
    if finished:
        _finished.discard(finished)


@functools.cache
def _observe() -> None:
    # imported late: core loads the module itself, with its other models
    module = importlib.import_module("odoo.addons.base.models.ir_cron")
    model = getattr(module, "IrCron", None) or module.ir_cron
    model._callback = _observed(model._callback)
    if hasattr(model, "_handle_callback_exception"):
        # 17.0 lets no exception out of _callback
        model._handle_callback_exception = _noted(model._handle_callback_exception)


def _observed(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def _callback(self: Any, cron_name: str, action_id: int, *job_id: int) -> Any:
        if not _finished and not _began:
            return callback(self, cron_name, action_id, *job_id)
        [number] = job_id or self.ids
        job = _running.job = CronJob(cron_name, number, self.env.cr.dbname, self.env.uid)
        _began.tell(job)
        try:
            return callback(self, cron_name, action_id, *job_id)
        except BaseException as error:
            job.error = type(error).__name__
            raise
        finally:
            _running.job = None
            job.finished()

    return _callback


def _noted(handle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handle)
    def _handle_callback_exception(self: Any, *arguments: Any) -> Any:
        job = getattr(_running, "job", None)
        if job:
            job.error = type(arguments[-1]).__name__
        return handle(self, *arguments)

    return _handle_callback_exception
