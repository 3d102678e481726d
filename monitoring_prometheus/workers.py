"""The processes of a server: each says that it is there, and one of them is the exporter.

Under prefork the exporter is a worker as others are: the master starts it anew when it ends,
and has no thread itself, which the processes that it forks would suffer from. In a threaded
server the exporter is a thread.
"""

import functools
import logging
import select
from collections.abc import Callable
from typing import Any

from odoo.service import server as core

from . import metrics as metrics
from .exporter import Exporter
from .process_registry import ProcessValues

_logger = logging.getLogger(__name__)

Address = tuple[str, int] | None

RETRY_SECONDS = 0.1


class WorkerExporter(core.Worker):
    """The worker of prefork that answers with metrics instead of pages."""

    exporter: Exporter
    address: Address = None

    def __init__(self, multi: Any) -> None:
        super().__init__(multi)
        self._complained = False

    def start(self) -> None:  # pylint: disable=missing-return
        super().start()
        if self.multi.socket:
            self.multi.socket.close()

    def sleep(self) -> None:
        # core's waits for requests, too
        seconds = self.multi.beat if self.exporter.is_started else RETRY_SECONDS
        select.select([self.wakeup_fd_r], [], [], seconds)
        core.empty_pipe(self.wakeup_fd_r)

    def process_work(self) -> None:
        """Start to answer; the port may have to be left first by the server before."""
        if not self.exporter.is_started:
            self._complained = not start_exporter(self.exporter, self.address, self._complained)


def start_exporter(exporter: Exporter, address: Address, complained: bool = False) -> bool:
    """Have an exporter answer, and say whether it does; metrics keep no server from serving."""
    try:
        exporter.start(address)
    except OSError:
        if not complained:
            _logger.exception("ODOO_PROMETHEUS_PORT: the metrics cannot be served at %s", address)
    return exporter.is_started


def announce(values: ProcessValues, kind: str) -> None:
    """Count this process as one that has started and lives."""
    values.put(metrics.WORKERS, (kind,), 1)
    values.add(metrics.WORKERS_STARTED, (kind,))


def observe_workers(values: ProcessValues) -> None:
    """Have each worker of prefork announce itself; its kind is http, cron, exporter, …"""

    def announced(start: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(start)
        def announced_start(self: Any) -> None:
            start(self)
            announce(values, type(self).__name__.removeprefix("Worker").lower())

        return announced_start

    core.Worker.start = announced(core.Worker.start)


def spawn_exporter(exporter: Exporter, address: Address) -> None:
    """Have prefork's master keep a worker that exports."""
    WorkerExporter.exporter = exporter
    WorkerExporter.address = address
    spawned: dict[int, WorkerExporter] = {}

    def process_spawn(self: Any) -> None:
        spawn(self)
        # core takes those that ended out of its own registries alone
        for pid in set(spawned) - set(self.workers):
            del spawned[pid]
        if not spawned:
            self.worker_spawn(WorkerExporter, spawned)

    spawn = core.PreforkServer.process_spawn
    core.PreforkServer.process_spawn = functools.wraps(spawn)(process_spawn)
