"""Two servers that are scraped and send to StatsD, and a load of which every number is known."""

import base64
import functools
import json
import os
import secrets
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import boto3
import redis
from botocore.config import Config

from dev.instance import Instance, Node
from dev.process import free_ports
from dev.services.graphite import Graphite
from dev.services.prometheus import Prometheus
from dev.services.statsd import Statsd
from dev.settings import REPOSITORY

TOKEN = "hush-hush"
CUSTOMER = "acme"
RULES = REPOSITORY / "monitoring_prometheus" / "alerts" / "odoo.rules.yml"
FILE_BYTES = 150_000
# Graphite keeps one value a second, so a flush that is late by nearly an interval, on a busy
# machine, would replace the next one: many seconds make that unlikely
FLUSH_SECONDS = 5
WORKERS = 2
REQUESTS_OF_A_WORKER = 20

GOOD_ACTION, BAD_ACTION = "Metered: works", "Metered: fails"

# the requests to each of the two servers, and their number
LOAD = {
    "page": 60,
    "static": 30,
    "scan": 100,
    "health": 10,
    "error": 12,
    "upload": 8,
    "missing": 4,
    "unreadable": 6,
    "button": 5,
}


def panel_query(query: str, rate_seconds: int = 0) -> str:
    """Return a panel's query with the values of its dashboard's variables."""
    for name, value in {
        "$__rate_interval": f"{rate_seconds}s",
        "$job": "odoo",
        "$instance": ".*",
        "$prefix": "odoo",
        "$customer": CUSTOMER,
        "$environment": "prod",
    }.items():
        query = query.replace(name, value)
    return query


class Visitor:
    """A client of one server."""

    def __init__(self, node: Node, session: str | None = None) -> None:
        self.url = f"http://127.0.0.1:{node.ports[0]}"
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()),
            urllib.request.ProxyHandler({}),
        )
        if session:
            self._opener.addheaders.append(("Cookie", f"session_id={session}"))

    def get(self, path: str) -> int:
        try:
            with self._opener.open(self.url + path, timeout=120) as response:
                response.read()
                return int(response.status)
        except urllib.error.HTTPError as error:
            # its body is not read: the connection is reset, the request counts all the same
            return error.code

    def post(self, path: str, **params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)
        with self._opener.open(request, timeout=120) as response:
            answer = json.load(response)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def login(self, database: str) -> None:
        self.post("/web/session/authenticate", db=database, login="admin", password="admin")

    def call(self, model: str, method: str, *args: Any, path: str = "call_kw") -> Any:
        where = {"model": model, "method": method}
        return self.post(f"/web/dataset/{path}", **where, args=args, kwargs={})


@dataclass
class Metered:
    """The servers, and the programs that watch them."""

    instance: Instance
    threaded: Node
    prefork: Node
    prometheus: Prometheus
    statsd: Statsd
    graphite: Graphite
    done: dict[str, int] = field(default_factory=dict)

    @property
    def nodes(self) -> list[Node]:
        return [self.threaded, self.prefork]

    def scrape(self, node: Node, token: str = TOKEN) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{node.ports[2]}/metrics",
            headers={"Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(response.read().decode())

    def total(self, selector: str) -> float:
        """Return the sum of the series that Prometheus has of a selector."""
        return sum(value for _labels, value in self.prometheus.query(f"sum({selector})"))

    def until(self, read: Callable[[], Any], expected: Any, seconds: float = 60) -> Any:
        """Wait until a value is as expected, and return the last value."""
        deadline = time.monotonic() + seconds
        while (found := read()) != expected and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def ask(self, what: str, times: int) -> None:
        """Ask each server so many times for something."""
        jobs = [job for node in self.nodes for job in self._jobs(what, node, times)]
        with ThreadPoolExecutor(4) as pool:
            for job in [pool.submit(job) for job in jobs]:
                job.result()
        self.done[what] = self.done.get(what, 0) + times * len(self.nodes)

    def run_actions(self, times: int) -> None:
        """Run two scheduled actions, one of which fails."""
        visitor = self._visitors[self.threaded.ports[0]]
        counted = "odoo_cron_duration_seconds_count{action=~'Metered.*'}"
        for _time in range(times):
            run = self.total(counted)
            past = datetime.now(timezone.utc) - timedelta(hours=1)
            values = {"nextcall": f"{past:%Y-%m-%d %H:%M:%S}"}
            for action in self._actions:
                visitor.call("ir.cron", "write", [action], values)
            found = self.until(functools.partial(self.total, counted), run + 2, 120)
            assert found == run + 2, found - run
            self.done["action"] = self.done.get("action", 0) + 1

    def prepare(self) -> None:
        """Log in, and create the records of the load."""
        self._visitors = {node.ports[0]: Visitor(node) for node in self.nodes}
        for visitor in self._visitors.values():
            visitor.login(self.instance.name)
        visitor = self._visitors[self.threaded.ports[0]]
        self._actions = [
            self._new_action(visitor, GOOD_ACTION, "records = model.search([], limit=1)"),
            self._new_action(visitor, BAD_ACTION, "1 / 0"),
        ]
        self._missing = self._upload(visitor)
        self._lose(visitor, self._missing)

    def _jobs(self, what: str, node: Node, times: int) -> list[Callable[[], Any]]:
        known, stranger = self._visitors[node.ports[0]], Visitor(node)

        def expect(visitor: Visitor, path: str, status: int) -> Callable[[], None]:
            def ask() -> None:
                assert visitor.get(path) == status, path

            return ask

        if what == "scan":
            # the very same never comes again
            begin = self.done.get(what, 0)
            return [expect(stranger, f"/scan-{begin + n}.php", 404) for n in range(times)]
        jobs = {
            # a new visitor each time, who has no session
            "page": lambda: expect(Visitor(node), "/web/login", 200)(),
            "static": expect(stranger, "/web/static/img/favicon.ico", 200),
            "health": expect(stranger, "/web/health", 200),
            "error": expect(known, "/web/pivot/export_xlsx?data=x", 500),
            "upload": lambda: self._upload(known),
            "button": lambda: known.call(
                "res.partner", "open_commercial_entity", [1], path="call_button"
            ),
            "unreadable": lambda: self._ask_with_an_unreadable_session(node),
            "missing": lambda: known.call("ir.attachment", "read", [self._missing], ["datas"]),
        }
        return [jobs[what]] * times

    @staticmethod
    def _upload(visitor: Visitor) -> int:
        # content that a store already has is not sent again
        content = base64.b64encode(os.urandom(FILE_BYTES)).decode()
        values = {"name": "metered.bin", "datas": content}
        return int(visitor.call("ir.attachment", "create", values))

    def _ask_with_an_unreadable_session(self, node: Node) -> None:
        """Ask for a page with a session that is garbage in Redis."""
        env = self.instance.variables
        is_17 = self.instance.stack.odoo.series == "17.0"
        session = secrets.token_hex(20) if is_17 else secrets.token_urlsafe(63)
        client = redis.Redis(
            host=env["ODOO_SESSION_REDIS_HOST"],
            port=int(env["ODOO_SESSION_REDIS_PORT"]),
            password=env["ODOO_SESSION_REDIS_PASSWORD"],
        )
        key = f"session:{env['ODOO_SESSION_REDIS_PREFIX']}:{session}"
        client.set(key, b"garbage", ex=600)
        client.close()
        assert Visitor(node, session).get("/web/login") == 200

    def _lose(self, visitor: Visitor, attachment: int) -> None:
        """Delete the object of an attachment behind Odoo's back."""
        [row] = visitor.call("ir.attachment", "read", [attachment], ["store_fname"])
        _scheme, _colon, path = row["store_fname"].partition("://")
        bucket, _slash, key = path.partition("/")
        env = self.instance.variables
        client = boto3.client(
            "s3",
            endpoint_url=env["AWS_HOST"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )
        client.delete_object(Bucket=bucket, Key=key)

    @staticmethod
    def _new_action(visitor: Visitor, name: str, code: str) -> int:
        [model] = visitor.call("ir.model", "search", [["model", "=", "res.partner"]])
        values = {
            "name": name,
            "model_id": model,
            "state": "code",
            "code": code,
            "interval_number": 1000,
            "interval_type": "days",
            "nextcall": "2999-01-01 00:00:00",
        }
        if "numbercall" in visitor.call("ir.cron", "fields_get", ["numbercall"]):
            values["numbercall"] = -1
        return int(visitor.call("ir.cron", "create", values))


@contextmanager
def metered(instance: Instance, directory: Path) -> Iterator[Metered]:
    """Start a threaded and a prefork server, with Prometheus and StatsD."""
    stack = instance.stack
    threaded, prefork = (Node(instance.directory / name) for name in ("threaded", "prefork"))
    statsd = Statsd(directory / "statsd", stack.state / "install" / "statsd")
    graphite = Graphite(directory / "graphite")
    prometheus = Prometheus(directory / "prometheus")
    try:
        graphite.start()
        statsd.start(flush_milliseconds=1000 * FLUSH_SECONDS, graphite_port=graphite.port)
        variables = {
            **statsd.env,
            "STATSD_CUSTOMER": CUSTOMER,
            "ODOO_PROMETHEUS_TOKEN": TOKEN,
            # a change of a job wakes the thread that runs it
            "ODOO_NOTIFY_CRON_CHANGES": "1",
        }
        ports = free_ports(27069, 3)
        instance.start_node(threaded, ports, "--workers=0", "--max-cron-threads=1", **variables)
        limits = (f"--workers={WORKERS}", f"--limit-request={REQUESTS_OF_A_WORKER}")
        ports = free_ports(27169, 3)
        instance.start_node(prefork, ports, *limits, "--max-cron-threads=0", **variables)
        for node in (threaded, prefork):
            node.daemon.wait(node.answers, timeout_seconds=120)
        prometheus.start([threaded.ports[2], prefork.ports[2]], TOKEN, RULES)
        servers = Metered(instance, threaded, prefork, prometheus, statsd, graphite)
        # each was asked for a page, which said that it answers
        servers.done["page"] = len(servers.nodes)
        yield servers
    finally:
        for daemon in (prometheus, threaded.daemon, prefork.daemon, statsd, graphite):
            daemon.stop()
        for node in (threaded, prefork):
            shutil.rmtree(node.directory, ignore_errors=True)
