"""Copying sessions into Redis, so that the switch to it logs nobody out.

What: sessions from the files of the running series (17.0's are pickles, read as trustingly as
core reads them), and from the keys of releases before 3.0. Each is read back and compared.

How often: again and again. The later one of two forms wins, so front-ends may still serve
from files during a first run; a second one, after they have stopped, brings what has changed.

What Redis has decided stays: a session that has ended there is not copied again, unless its file
was saved after it had been copied, and no log-out, revocation or rotation has ended it since.

Purging is a choice, and takes only what is known to be in Redis or has ended.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from odoo import http

from .redis_io.commands import ENDED, ask, good
from .redis_io.connection import redis_errors_as_unavailable
from .serialization.tagged_json import Stamp, encode
from .session_store.store import RedisSessionStore
from .session_store.write_batch import Transaction

Progress = Callable[["Report"], None]


@dataclass
class Report:
    """What became of the sessions; in a dry run, what would."""

    found: int = 0
    copied: int = 0
    present: int = 0
    ended: int = 0
    unreadable: int = 0
    failed: int = 0
    purged: int = 0

    @property
    def ok(self) -> bool:
        return not self.failed

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in asdict(self).items())


class Migration:
    """Copies into ``store``; ``purge`` deletes what was copied at its source."""

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
        """Write the sessions under keys of releases before 3.0 under the present ones too."""
        store = self._store
        pattern = store.keys.old_pattern
        if pattern is None or store.keys.old_first:
            return self.report
        with redis_errors_as_unavailable():
            for key in store.connection.client.scan_iter(match=pattern, count=1000):
                sid = store.keys.sid(key.decode())
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
            # core has an empty session for what it cannot read
            return "unreadable"
        stamp = self._store.lifetimes.stamp(session)._replace(at=int(saved_at))
        if stamp.at + stamp.lifetime <= time.time():
            return "ended"
        with redis_errors_as_unavailable():
            return self._copy(file.name, session, stamp)

    def _copy(self, sid: str, session: Any, stamp: Stamp) -> str:
        store = self._store
        found, values = store.look(sid)
        if values is not None and (not found.stamp or found.stamp.at >= stamp.at):
            return "present"
        tombstones = good(ask(store.connection.client, [("MGET", *store.keys.tombstones(sid))]))[0]
        if ENDED in tombstones:
            return "ended"
        taken = tombstones[-1]
        if values is None and taken and int(taken) >= stamp.at:
            return "ended"
        if self._dry_run:
            return "copied"
        body = encode(session)
        transaction = Transaction(store)
        transaction.copy(session, body, stamp, found if values is not None else None, taken)
        if not store.send("save", transaction):
            # whatever a request has made of it is later than the file
            return "present" if store.get(sid) else "ended"
        written, values = store.look(sid)
        return "copied" if values is not None and written.body == body else "failed"

    def _rename(self, sid: str, old_key: bytes) -> str:
        store = self._store
        client = store.connection.client
        outcome = "present" if client.exists(store.keys.of(sid)[0]) else "copied"
        if (
            any(client.exists(tombstone) for tombstone in store.keys.tombstones(sid))
            and outcome == "copied"
        ):
            outcome = "ended"
        if self._dry_run:
            return outcome
        # reading does it
        if not store.get(sid) and outcome != "ended":
            return "unreadable"
        if outcome == "copied" and not client.exists(store.keys.of(sid)[0]):
            return "failed"
        if self._purge:
            client.delete(old_key)
            self.report.purged += 1
        return outcome

    def _count(self, outcome: str) -> None:
        self.report.found += 1
        setattr(self.report, outcome, getattr(self.report, outcome) + 1)


def _files(path: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files of core's store, which scatters them over folders."""
    with os.scandir(path) as entries:
        folders = [entry.path for entry in entries if entry.is_dir() and len(entry.name) == 2]
    for folder in sorted(folders):
        with os.scandir(folder) as entries:
            yield from [entry for entry in entries if entry.is_file()]
