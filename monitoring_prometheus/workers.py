"""The processes of a server: each announces itself, and one of them is the exporter.

In a prefork server the exporter is a worker: the master restarts it when it ends, and has no
threads, which would disturb the processes that it forks. In a threaded server the exporter is a
thread.
"""

import functools
import logging
import select
from typing import Any

from odoo.service import server as core

from . import metrics as metrics
from .exporter import Exporter
from .process_registry import ProcessValues

_logger = logging.getLogger(__name__)

Address = tuple[str, int] | None

RETRY_SECONDS = 0.1


class WorkerExporter(core.Worker):
    """A worker of a prefork server that serves metrics instead of pages."""

    exporter: Exporter
    address: Address = None

    def __init__(self, multi: Any) -> None:
        super().__init__(multi)
        self._has_failed = False

    def start(self) -> None:  # pylint: disable=missing-return
        """Start the worker; it does not use the socket for requests."""
        super().start()
        if self.multi.socket:
            self.multi.socket.close()

    def sleep(self) -> None:
        """Wait for a signal or the next beat; core's method waits for requests, too."""
        seconds = self.multi.beat if self.exporter.is_started else RETRY_SECONDS
        select.select([self.wakeup_fd_r], [], [], seconds)
        core.empty_pipe(self.wakeup_fd_r)

    def process_work(self) -> None:
        """Start the exporter; the port may still be in use by a server that is ending."""
        if not self.exporter.is_started:
            self._has_failed = not start_exporter(self.exporter, self.address, self._has_failed)


def start_exporter(exporter: Exporter, address: Address, has_failed: bool = False) -> bool:
    """Start an exporter; return False if that fails, which does not stop the server.

    :param has_failed: True if an earlier attempt was logged already
    """
    try:
        exporter.start(address)
    except OSError:
        if not has_failed:
            _logger.exception("ODOO_PROMETHEUS_PORT: the metrics cannot be served at %s", address)
    return exporter.is_started


def announce(values: ProcessValues, kind: str) -> None:
    """Count this process as started and alive."""
    values.put(metrics.WORKERS, (kind,), 1)
    values.add(metrics.WORKERS_STARTED, (kind,))


def observe_workers(values: ProcessValues) -> None:
    """Announce each worker of a prefork server; its kind is http, cron, exporter, …"""

    original = core.Worker.start

    @functools.wraps(original)
    def start(self: Any) -> None:
        original(self)
        announce(values, type(self).__name__.removeprefix("Worker").lower())

    core.Worker.start = start


def spawn_exporter(exporter: Exporter, address: Address) -> None:
    """Let the master of a prefork server keep one exporter worker."""
    WorkerExporter.exporter = exporter
    WorkerExporter.address = address
    spawned: dict[int, WorkerExporter] = {}

    def process_spawn(self: Any) -> None:
        spawn(self)
        # core removes ended workers only from its own registries
        for pid in set(spawned) - set(self.workers):
            del spawned[pid]
        if not spawned:
            self.worker_spawn(WorkerExporter, spawned)

    spawn = core.PreforkServer.process_spawn
    core.PreforkServer.process_spawn = functools.wraps(spawn)(process_spawn)
