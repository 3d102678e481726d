"""Copies sessions into Redis, so that the switch to it logs out no user.

The sources are the files of the running series (17.0 has pickles, which are trusted as core trusts
them) and the keys of releases before 3.0. Each copy is read back and compared.

A migration can be repeated: the later one of two forms wins. Front-ends may still serve from files
during a first run; a second run, after they have stopped, copies the changes.

A session that has ended in Redis is not copied again, unless its file was saved after the copy,
and no log-out, revocation or rotation has ended it since.

Purging is optional, and deletes only the sources of sessions that are in Redis or have ended.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from odoo import http

from .redis_io.commands import ENDED, raise_errors, send
from .redis_io.errors import redis_errors_as_unavailable
from .serialization.payload import Stamp
from .serialization.tagged_json import encode
from .session_store.store import RedisSessionStore
from .session_store.write_batch import WriteBatch

Progress = Callable[["Report"], None]


@dataclass
class Report:
    """The number of sessions by outcome; in a dry run, by the outcome that is expected."""

    found: int = 0
    copied: int = 0
    present: int = 0
    ended: int = 0
    unreadable: int = 0
    failed: int = 0
    purged: int = 0

    @property
    def ok(self) -> bool:
        """True if every copy was read back as it was written."""
        return not self.failed

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by the name of the outcome."""
        return asdict(self)

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in asdict(self).items())


class Migration:
    """Copies into ``store``; ``purge`` deletes copied sessions at their source."""

    def __init__(
        self,
        store: RedisSessionStore,
        dry_run: bool = False,
        purge: bool = False,
        progress: Progress = lambda report: None,
    ) -> None:
        self._store = store
        self._dry_run = dry_run
        self._purge = purge
        self._progress = progress
        self.report = Report()

    def copy_files(self, path: str) -> Report:
        """Copy the sessions of core's file store in the folder ``path``."""
        source = http.FilesystemSessionStore(path, session_class=http.Session, renew_missing=True)
        for file in _files(path):
            if not source.is_valid_key(file.name):
                continue
            outcome = self._copy_file(source, file)
            self._count(outcome)
            if self._purge and not self._dry_run and outcome in ("copied", "present", "ended"):
                os.unlink(file.path)
                self.report.purged += 1
            self._progress(self.report)
        return self.report

    def rename_old_keys(self) -> Report:
        """Write the sessions under keys of releases before 3.0 under the usual keys as well."""
        store = self._store
        pattern = store.keys.old_scan_pattern
        if pattern is None or store.keys.writes_old_keys:
            return self.report
        with redis_errors_as_unavailable():
            for key in store.connection.client.scan_iter(match=pattern, count=1000):
                sid = store.keys.session_id(key.decode())
                if sid:
                    self._count(self._rename(sid, key))
                    self._progress(self.report)
        return self.report

    def _copy_file(self, source: Any, file: os.DirEntry[str]) -> str:
        try:
            saved_at = file.stat().st_mtime
        except FileNotFoundError:
            return "ended"
        session = source.get(file.name)
        if not session:
            # core returns an empty session for a file that it cannot read
            return "unreadable"
        stamp = self._store.lifetimes.stamp(session)._replace(at=int(saved_at))
        if stamp.at + stamp.lifetime <= time.time():
            return "ended"
        with redis_errors_as_unavailable():
            return self._copy(file.name, session, stamp)

    def _copy(self, sid: str, session: Any, stamp: Stamp) -> str:
        store = self._store
        lookup, payload = store.inspect(sid)
        if payload is not None and (not payload.stamp or payload.stamp.at >= stamp.at):
            return "present"
        tombstones = self._tombstones(sid)
        if ENDED in tombstones:
            return "ended"
        taken_over = tombstones[-1]
        if payload is None and taken_over and int(taken_over) >= stamp.at:
            return "ended"
        if self._dry_run:
            return "copied"
        body = encode(session)
        batch = WriteBatch(store.policy)
        batch.copy(session, body, stamp, lookup if payload is not None else None, taken_over)
        if not store.sender.send("save", batch):
            # a request has changed or ended it, which is later than the file
            return "present" if store.get(sid) else "ended"
        _lookup, written = store.inspect(sid)
        return "copied" if written is not None and written.body == body else "failed"

    def _tombstones(self, sid: str) -> list[Any]:
        """Return the values of the tombstones of a session, None for those that do not exist."""
        command = ("MGET", *self._store.keys.tombstones(sid))
        values: list[Any] = raise_errors(send(self._store.connection.client, [command]))[0]
        return values

    def _rename(self, sid: str, old_key: bytes) -> str:
        store = self._store
        client = store.connection.client
        key = store.keys.session_keys(sid)[0]
        outcome = "present" if client.exists(key) else "copied"
        if outcome == "copied" and any(self._tombstones(sid)):
            outcome = "ended"
        if self._dry_run:
            return outcome
        # the session is taken over by this read
        if not store.get(sid) and outcome != "ended":
            return "unreadable"
        if outcome == "copied" and not client.exists(key):
            return "failed"
        if self._purge:
            client.delete(old_key)
            self.report.purged += 1
        return outcome

    def _count(self, outcome: str) -> None:
        self.report.found += 1
        setattr(self.report, outcome, getattr(self.report, outcome) + 1)


def _files(path: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files of core's store, which spreads them over folders."""
    with os.scandir(path) as entries:
        folders = [entry.path for entry in entries if entry.is_dir() and len(entry.name) == 2]
    for folder in sorted(folders):
        with os.scandir(folder) as entries:
            yield from [entry for entry in entries if entry.is_file()]
