"""The torture of attachments: is every committed row readable, at every moment?

::

    workers     create, copy, write, delete and roll back the same few contents, in nested
                creates, in savepoints, and after errors that they swallow;
                every now and then one is killed in the midst of it
    collector   collects garbage without any retention, repeatedly
    reader      reads committed rows: a row whose file is missing is a violation
    afterwards  a reconcile and a collection; then the bucket equals the table
"""

import random
import time
import traceback
from collections.abc import Callable
from ctypes import c_int64
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.sharedctypes import RawArray
from typing import Any

import psycopg2

from odoo import SUPERUSER_ID, api, sql_db
from odoo.tools import mute_logger

from odoo.addons.base_attachment_object_storage.ownership.keys import is_owned
from odoo.addons.base_attachment_object_storage.store import NotFound

from . import work

WORKERS = 4
SECONDS_BETWEEN_KILLS = 0.7
WARM_UP_SECONDS = 4  # each process makes its own client
QUIET = ("odoo.sql_db", "odoo.addons.base_attachment_object_storage.models.ir_attachment")

# the counters of a process, in this order
FIGURES = 5
COMMITS, COLLECTED, READ, MISSING, ERRORS = range(FIGURES)


@dataclass
class Outcome:
    """The result of a run: the figures of all its processes."""

    seconds: float
    kills: int
    commits: int
    collected: int
    read: int
    missing: int
    errors: int
    only_in_bucket: set[str] = field(default_factory=set)
    only_in_table: set[str] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.errors or self.only_in_bucket or self.only_in_table)

    def __str__(self) -> str:
        return (
            f"{self.commits} commits ({self.commits / self.seconds:.0f} a second), "
            f"{self.kills} processes killed, {self.collected} objects collected, "
            f"{self.read} rows read, {self.missing} of them without their file, "
            f"{self.errors} unexpected errors; afterwards "
            f"{len(self.only_in_bucket)} objects without a row and "
            f"{len(self.only_in_table)} rows without an object"
        )


class Torture:
    """A run on one database; ``location`` is where its attachments are."""

    def __init__(self, registry: Any, location: str) -> None:
        self._registry = registry
        self._location = location
        self._figures = RawArray(c_int64, FIGURES * (WORKERS + 2))  # survives whom it belongs to
        self._context = get_context("fork")
        work.watch(registry)

    def run(self, seconds: float) -> Outcome:
        """Torture for some seconds, and kill."""
        processes = [
            *self._start_workers(),
            self._start(WORKERS, self._collect),
            self._start(WORKERS + 1, self._read),
        ]
        began = time.monotonic()
        kills = 0
        while time.monotonic() - began < seconds:
            time.sleep(SECONDS_BETWEEN_KILLS)
            number = random.randrange(WORKERS)
            _kill([processes[number]])
            kills += 1
            processes[number] = self._start(number, self._work)
        _kill(processes)
        return Outcome(
            time.monotonic() - began,
            kills,
            self._total(COMMITS),
            self._total(COLLECTED),
            self._total(READ),
            self._total(MISSING),
            self._total(ERRORS),
        )

    def rate_against(self, other: "Torture", seconds: float) -> float:
        """Return the ratio to another's commits in the same time, without kills."""
        processes = [*self._start_workers(), *other._start_workers()]
        time.sleep(WARM_UP_SECONDS)
        before = self._total(COMMITS), other._total(COMMITS)
        time.sleep(seconds)
        mine, others = self._total(COMMITS) - before[0], other._total(COMMITS) - before[1]
        _kill(processes)
        return mine / others

    def _total(self, figure: int) -> int:
        return sum(self._figures[figure::FIGURES])

    def compare(self, outcome: Outcome) -> None:
        """Clean up as an operator would, and compare the bucket with the table."""
        with self._registry.cursor() as cursor:
            attachments = self._attachments(cursor)
            store = attachments._get_object_store(self._location)
            garbage = attachments.env["ir.attachment.garbage"]
            attachments._reconcile_store(margin_hours=-1)
            report = garbage._collect_garbage(days=0)
            if report["refused"] or report["failed"]:
                raise RuntimeError(f"the collection failed: {report}")
            prefix = attachments._object_owner() + "/"
            cursor.execute(
                "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname LIKE %s",
                (f"{self._location}://%",),
            )
            named = {name.split("/", 3)[3] for (name,) in cursor.fetchall()}
        claim = attachments._present_owner().claim_key
        stored = {info.key for info in store.list(prefix)} - {claim}
        # other keys that server code has chosen are never collected
        outcome.only_in_bucket = {key for key in stored - named if is_owned(key)}
        outcome.only_in_table = named - stored

    # --- processes

    def _start_workers(self) -> list[Any]:
        return [self._start(number, self._work) for number in range(WORKERS)]

    def _start(self, number: int, target: Callable[[int], None]) -> Any:
        sql_db.close_all()  # as Odoo's prefork server: no process inherits a connection
        process = self._context.Process(target=self._enter, args=(target, number), daemon=True)
        process.start()
        return process

    def _enter(self, target: Callable[[int], None], number: int) -> None:
        random.seed()
        with mute_logger(*QUIET):
            while True:
                try:
                    target(number)
                except Exception:  # noqa: BLE001  # logged, counted, and the torture goes on
                    self._count(number, ERRORS)
                    traceback.print_exc()

    def _count(self, number: int, figure: int, by: int = 1) -> None:
        self._figures[FIGURES * number + figure] += by

    def _attachments(self, cursor: Any) -> Any:
        context = {"storage_location": self._location}
        return api.Environment(cursor, SUPERUSER_ID, context)["ir.attachment"]

    def _work(self, number: int) -> None:
        try:
            with self._registry.cursor() as cursor:
                random.choice(work.OPERATIONS)(self._attachments(cursor))
        except (work.Undone, psycopg2.OperationalError):  # the latter: serialization
            return
        except Exception as error:
            if type(error).__name__ not in ("MissingError", "NotFound", "UserError", "Conflict"):
                raise
            # another process has deleted the row; core meets a file half written; or the gate
            # refused the commit, because an object was collected whose lock was lost
            return
        self._count(number, COMMITS)

    def _collect(self, number: int) -> None:
        with self._registry.cursor() as cursor:
            garbage = self._attachments(cursor).env["ir.attachment.garbage"]
            self._count(number, COLLECTED, garbage._collect_garbage(days=0)["deleted"])

    def _read(self, number: int) -> None:
        with self._registry.cursor() as cursor:
            cursor.execute(
                "SELECT id, store_fname, checksum FROM ir_attachment"
                " WHERE name = %s ORDER BY random() LIMIT 50",
                (work.NAME,),
            )
            rows = cursor.fetchall()
        for row in rows:
            if not self._is_readable(*row) and self._is_violation(*row):
                self._count(number, MISSING)
            self._count(number, READ)

    def _is_readable(self, _id: int, fname: str, checksum: str) -> bool:
        with self._registry.cursor() as cursor:
            try:
                return work.is_right(checksum, self._attachments(cursor)._file_read(fname))
            except NotFound:
                return False

    def _is_violation(self, identity: int, fname: str, checksum: str) -> bool:
        """Look again, with a lock on the row: it may have been deleted in between."""
        with self._registry.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute(
                "SELECT 1 FROM ir_attachment WHERE id = %s AND store_fname = %s FOR SHARE",
                (identity, fname),
            )
            return bool(cursor.fetchone()) and not self._is_readable(identity, fname, checksum)


def _kill(processes: list[Any]) -> None:
    for process in processes:
        process.kill()
        process.join()


def old_design(registry: Any) -> None:
    """Delete objects as the old suite did: in the transaction, by its own snapshot."""
    from odoo.addons.base_attachment_object_storage.store import StoreUri

    def delete(self: Any, fname: str) -> None:
        self.env.flush_all()
        self.env.cr.execute("SELECT 1 FROM ir_attachment WHERE store_fname = %s", (fname,))
        if not self.env.cr.fetchone():
            uri = StoreUri.parse(fname)
            self._get_object_store(uri.scheme, uri.container).delete_many([uri.key])

    registry["ir.attachment"]._file_delete = delete
