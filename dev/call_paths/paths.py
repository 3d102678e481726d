"""The operations whose calls are counted, each made twice before: nothing is done a first time.

Any checkout of the suite can be measured, also an older one: the operations use Odoo's own
interfaces alone. They run in a server with the whole suite, against real services. The metrics
addons, which are notified of each operation, are a separate path.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.test import Client

from odoo import SUPERUSER_ID, api, http
from odoo.modules.registry import Registry

from .recorder import Call, Recorder

SMALL, LARGE = 10_000, 300_000  # bytes
FRESH_SECONDS = 5.1  # until an exporter reads the values of the processes anew
WARM_UP = 2  # times
MIMETYPE = "application/octet-stream"  # no rule keeps it in the database
VISITOR = {"REMOTE_ADDR": "127.0.0.1"}
SINKS = ("monitoring_prometheus/", "monitoring_statsd/")
COUNTING = ("monitoring_prometheus/", "http_requests.py", "observers.py")

_logger = logging.getLogger("odoo.addons.base.call_paths")


class Paths:
    """The operations on a database with the suite, whose attachments are in S3."""

    def __init__(self, recorder: Recorder, database: str) -> None:
        self._recorder = recorder
        self._registry = Registry(database)
        self._database = database
        self._client = Client(http.root)

    def measured(self) -> Iterator[tuple[str, list[Call]]]:
        """Yield the title of each path and the calls that it makes."""
        self._log_in()
        for title, calls in self._without_sinks():
            yield title, [call for call in calls if not call.file.startswith(SINKS)]
        with self._recorder.recording() as calls:  # the first time: new labels included
            self._get("/web/login")
        yield "counting GET /web/login", [call for call in calls if _counts(call)]
        yield "GET /metrics", self._record(self._scrape)

    def _without_sinks(self) -> Iterator[tuple[str, list[Call]]]:
        yield "create() of 10 kB", self._creating(SMALL)
        yield "create() of 300 kB", self._creating(LARGE)
        yield "GET /web/content/ID, 10 kB", self._record(self._download(self._new_file(SMALL)))
        yield from self._sessions()
        yield "log line", self._record(lambda: _logger.warning("%s calls", 1))

    def _creating(self, size: int) -> list[Call]:
        contents = iter([os.urandom(size) for _number in range(WARM_UP + 1)])
        for _number in range(WARM_UP):
            self._create(next(contents))
        with self._environment() as env:
            values = _values(next(contents))
            with self._recorder.recording() as calls:
                env["ir.attachment"].create(values)
        return calls

    def _create(self, content: bytes) -> int:
        with self._environment() as env:
            return int(env["ir.attachment"].create(_values(content)).id)

    def _new_file(self, size: int) -> str:
        return f"/web/content/{self._create(os.urandom(size))}"

    def _download(self, path: str) -> Callable[[], None]:
        return lambda: self._get(path)

    def _log_in(self) -> None:
        params = {"db": self._database, "login": "admin", "password": "admin"}
        answer = self._client.post(
            "/web/session/authenticate", json={"params": params}, environ_overrides=VISITOR
        )
        if answer.status_code != 200 or not dict(answer.json or {})["result"]["uid"]:
            raise RuntimeError(f"the log-in failed: {answer.status}")

    def _get(self, path: str) -> None:
        answer = self._client.get(path, environ_overrides=VISITOR)
        answer.close()
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")

    def _scrape(self) -> None:
        time.sleep(FRESH_SECONDS)
        self._get("/metrics")

    def _sessions(self) -> Iterator[tuple[str, list[Call]]]:
        store = http.root.session_store
        cookie = self._client.get_cookie("session_id")
        sid = cookie.value if cookie else None
        session: Any = None

        def read() -> None:
            nonlocal session
            session = store.get(sid)

        def change_and_save() -> None:
            session["calls"] = session.get("calls", 0) + 1
            store.save(session)

        yield "session: read", self._record(read)
        yield "session: changed save", self._record(change_and_save)
        yield "session: unchanged save", self._record(lambda: store.save(session))

    def _record(self, work: Callable[[], object]) -> list[Call]:
        for _number in range(WARM_UP):
            work()
        with self._recorder.recording() as calls:
            work()
        return calls

    @contextmanager
    def _environment(self) -> Iterator[Any]:
        with self._registry.cursor() as cursor:
            yield api.Environment(cursor, SUPERUSER_ID, {})


def _values(content: bytes) -> dict[str, object]:
    return {"name": "calls.bin", "raw": content, "mimetype": MIMETYPE}


def _counts(call: Call) -> bool:
    return any(part in call.file for part in COUNTING)
