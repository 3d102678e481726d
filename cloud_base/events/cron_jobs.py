"""Cron job events: subscribe to be notified of each scheduled action that a process runs.

The first subscriber wraps methods of ``ir.cron``::

    subscribe(finished, began=began)

The observers are called for each run of the action of a job, in the thread that runs it. From
18.0 on, a job that reports progress runs several times in a row. Two further observers are called
once for all these runs: when the process takes the job, and when it gives the job back::

    subscribe(taken=taken, given_back=given_back)
"""

import functools
import importlib
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from .observers import Observers

_logger = logging.getLogger(__name__)


class CronJob:
    """A run of a job.

    ``name`` is the name that users see, ``error`` the class name of the exception that ended it.
    """

    __slots__ = ("_began", "database", "error", "job_id", "name", "seconds", "user_id")

    def __init__(self, name: str, job_id: int, database: str, user_id: int) -> None:
        self.name = name
        self.job_id = job_id
        self.database = database
        self.user_id = user_id
        self.seconds = 0.0
        self.error: str | None = None
        self._began = time.perf_counter()

    def finish(self) -> None:
        """Notify the observers of a run that has ended."""
        self.seconds = time.perf_counter() - self._began
        _finished.notify(self)

    def give_back(self) -> None:
        """Notify the observers of a job that the process has given back."""
        self.seconds = time.perf_counter() - self._began
        _given_back.notify(self)


Observer = Callable[[CronJob], None]

_began: Observers[CronJob] = Observers(_logger)
_finished: Observers[CronJob] = Observers(_logger)
_taken: Observers[CronJob] = Observers(_logger)
_given_back: Observers[CronJob] = Observers(_logger)
_running = threading.local()


def subscribe(
    finished: Observer | None = None,
    *,
    began: Observer | None = None,
    taken: Observer | None = None,
    given_back: Observer | None = None,
) -> None:
    """Call ``began`` before and ``finished`` after each run of a job.

    ``taken`` is called before and ``given_back`` after all its runs in a row.
    """
    _observe()
    for observers, observer in _pairs(finished, began, taken, given_back):
        if observer:
            observers.add(observer)


def unsubscribe(
    finished: Observer | None = None,
    *,
    began: Observer | None = None,
    taken: Observer | None = None,
    given_back: Observer | None = None,
) -> None:
    """Stop calling the observers."""
    for observers, observer in _pairs(finished, began, taken, given_back):
        if observer:
            observers.discard(observer)


def _pairs(*observers: Observer | None) -> Iterable[tuple[Observers[CronJob], Observer | None]]:
    return zip((_finished, _began, _taken, _given_back), observers, strict=True)


@functools.cache
def _observe() -> None:
    # imported late: core has to load the module itself, with its other models
    module = importlib.import_module("odoo.addons.base.models.ir_cron")
    model = getattr(module, "IrCron", None) or module.ir_cron
    model._callback = _observed(model._callback)
    # a static or a class method; its last argument is the row of the job
    process = vars(model)["_process_job"]
    model._process_job = type(process)(_enclosed(process.__func__))
    if hasattr(model, "_handle_callback_exception"):
        # on 17.0 _callback catches every exception
        model._handle_callback_exception = _noted(model._handle_callback_exception)


def _observed(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def _callback(self: Any, cron_name: str, action_id: int, *job_id: int) -> Any:
        if not _finished and not _began:
            return callback(self, cron_name, action_id, *job_id)
        [number] = job_id or self.ids
        job = _running.job = CronJob(cron_name, number, self.env.cr.dbname, self.env.uid)
        _began.notify(job)
        try:
            return callback(self, cron_name, action_id, *job_id)
        except BaseException as error:
            job.error = type(error).__name__
            raise
        finally:
            _running.job = None
            job.finish()

    return _callback


def _enclosed(process: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(process)
    def _process_job(*arguments: Any) -> Any:
        if not _taken and not _given_back:
            return process(*arguments)
        *_before, cursor, row = arguments
        job = CronJob(row["cron_name"], row["id"], cursor.dbname, row["user_id"])
        _taken.notify(job)
        try:
            return process(*arguments)
        except BaseException as error:
            job.error = type(error).__name__
            raise
        finally:
            job.give_back()

    return _process_job


def _noted(handle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handle)
    def _handle_callback_exception(self: Any, *arguments: Any) -> Any:
        job = getattr(_running, "job", None)
        if job:
            job.error = type(arguments[-1]).__name__
        return handle(self, *arguments)

    return _handle_callback_exception
