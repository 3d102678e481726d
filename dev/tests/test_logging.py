"""The log of busy servers as rsyslog and lnav read it: as many lines, with the same fields.

A threaded server, and a prefork one with its gevent process, are asked by many clients at a
time for what makes lines of every kind.
"""

import csv
import http.client
import io
import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.front_end import Client

from dev.instance import Instance
from dev.process import Daemon, free_ports
from dev.services.rsyslog import CONFIGURATION, Rsyslog

# the lines in logging_json's description, of a server without a configuration file
BEFORE_ADDONS = (
    r"INFO \? odoo: Odoo version .*",
    r"INFO \? odoo: addons paths: .*",
    r"INFO \? odoo: database: .*",
)
# of base, which 17.0 may import before logging_json: it loads the addons of --load in any order
OF_WKHTMLTOPDF = r"INFO \? odoo.addons.base.models.ir_actions_report: .* Wkhtmltopdf .*"

FORMAT = CONFIGURATION.parent / "odoo_json.json"
CLIENTS = 8
ROUNDS = 12
SECRET = "hunter2"
UPSTREAM = ["asctime", "pid", "levelname", "dbname", "name", "message", "request_id", "uid"]
JSON = {"Content-Type": "application/json"}

# method, path, body; {database} is filled in
REQUESTS = (
    ("GET", f"/web/login?token={SECRET}&login=kept", None),
    ("GET", "/web/health", None),
    ("GET", "/web/static/img/favicon.ico", None),
    ("GET", "/no/such/page%0Anor%22line", None),
    ("GET", "/web/content/999999999?access_token=" + SECRET, None),
    # wrong logins, arguments of the wrong kind: warnings and stacks
    (
        "POST",
        "/web/session/authenticate",
        {"params": {"db": "{database}", "login": "x\ny", "password": SECRET}},
    ),
    ("POST", "/web/session/authenticate", {"params": {"password": SECRET, "no": "database"}}),
    ("POST", "/web/webclient/version_info", {"params": {"wrong": SECRET * 10_000}}),
)


# the field of a schema with the stack of an exception
STACKS = {
    "default": "exc_info",
    "ecs": "error/stack_trace",
    "otel": "Attributes/exception.stacktrace",
}

# names of missing methods in an exception, and their form in the log
TELLING = {
    f"password={SECRET}": "password=***",
    f"api_key: {SECRET}": "api_key: ***",
    f"Authorization: Bearer {SECRET}": "Authorization: ***",
    f"https://s3.test/bucket/key?X-Amz-Signature={SECRET}": "?X-Amz-Signature=***",
    f"https://user:{SECRET}@s3.test": "://user:***@s3.test",
    f"session_id={SECRET}": "session_id=***",
}


class Server:
    """A server in JSON, its log, and the ids that it has answered with."""

    def __init__(
        self, instance: Instance, directory: Path, workers: int, schema: str = "default"
    ) -> None:
        self.instance = instance
        self.log = directory / "odoo.log"
        self.rsyslog = Rsyslog(directory / "rsyslog")
        self.statuses: dict[str, int] = {}
        self._daemon = Daemon(directory / "server")
        self._directory = directory
        self._workers = workers
        self._schema = schema
        self.port, self.gevent_port = free_ports(29469, 2)

    def start(self, *arguments: str) -> None:
        odoo = self.instance.stack.odoo
        command = odoo.command(
            *("-d", self.instance.name, "--addons-path", odoo.addons_path),
            *("--data-dir", self._directory / "data", "--logfile", self.log),
            *("--load", odoo.server_wide_modules, "--http-interface=127.0.0.1"),
            *(f"--http-port={self.port}", f"--gevent-port={self.gevent_port}"),
            *(f"--workers={self._workers}", "--max-cron-threads=1"),
            *arguments,
        )
        variables = {
            **self.instance.variables,
            "ODOO_LOGGING_JSON": "1",
            "ODOO_LOGGING_JSON_SCHEMA": self._schema,
        }
        self._daemon.start(command, env=odoo.environment(**variables))
        self._daemon.wait(self._answers, timeout_seconds=120)
        self.rsyslog.start(self.log)

    def stop(self) -> None:
        self._daemon.stop(grace_seconds=30)

    def _answers(self) -> bool:
        ports = [self.port, *([self.gevent_port] if self._workers else [])]
        try:
            return all(self.ask(port, "GET", "/web/health")[0] == 200 for port in ports)
        except OSError:
            return False

    def ask(self, port: int, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Ask for a page, and return the status and the id of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        text = body and json.dumps(body).replace("{database}", self.instance.name)
        try:
            connection.request(method, path, text, JSON if body else {})
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers["X-Request-ID"] or ""
        finally:
            connection.close()

    def be_busy(self) -> None:
        """Send each request, many times and by many clients at a time."""

        def client(_number: int) -> None:
            for _round in range(ROUNDS):
                for request in REQUESTS:
                    status, request_id = self.ask(self.port, *request)
                    self.statuses[request_id] = status
                if self._workers:
                    status, request_id = self.ask(self.gevent_port, "GET", "/websocket")
                    self.statuses[request_id] = status

        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, range(CLIENTS)))

    def wait_for_lines(self) -> None:
        """Let gevent write the last lines: it does when the client has its answer already."""
        deadline = time.monotonic() + 30
        while self.log.read_bytes().count(b'"http_status"') < self.requests_with_a_line:
            if time.monotonic() > deadline:
                return  # a test finds out which are missing
            time.sleep(0.2)

    @property
    def requests_with_a_line(self) -> int:
        """The number of requests with an access line: all but health checks and static files."""
        return CLIENTS * ROUNDS * (len(REQUESTS) - 2 + bool(self._workers))

    @property
    def lines(self) -> list[str]:
        """The lines of the log; nothing but a newline separates them."""
        *lines, rest = self.log.read_bytes().split(b"\n")
        assert rest == b""
        return [line.decode("ascii") for line in lines]

    @property
    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines if line.startswith("{")]


@pytest.fixture(scope="module", params=[0, 2], ids=["threaded", "prefork"])
def server(
    prepared: Instance, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """A server that was busy and has stopped; rsyslog still reads."""
    served = Server(prepared, tmp_path_factory.mktemp("logging"), request.param)
    try:
        served.start()
        served.be_busy()
        served.wait_for_lines()
        served.stop()
        yield served
    finally:
        served.stop()
        served.rsyslog.stop()


def test_only_what_core_writes_before_addons_is_text(server: Server) -> None:
    processes: dict[str, list[str]] = {}
    for line in server.lines:
        if not line.startswith("{"):
            _date, _time, process, text = line.split(maxsplit=3)
            processes.setdefault(process, []).append(text)
    # the server, and under prefork its gevent process
    assert len(processes) == (2 if server._workers else 1)
    is_17 = server.instance.stack.odoo.series == "17.0"
    for texts in processes.values():
        more = is_17 and len(texts) > len(BEFORE_ADDONS)
        expected = [*BEFORE_ADDONS, *([OF_WKHTMLTOPDF] if more else [])]
        assert len(texts) == len(expected), texts
        for text, pattern in zip(texts, expected, strict=True):
            assert re.fullmatch(pattern, text), text


def test_every_line_has_upstream_s_keys_and_none_a_secret(server: Server) -> None:
    for line in server.told:
        assert list(line)[: len(UPSTREAM)] == UPSTREAM
        assert "logging_error" not in line
    text = server.log.read_text()
    assert SECRET not in text
    assert "token=***&login=kept" in text
    assert server.instance.variables["ODOO_SESSION_REDIS_PASSWORD"] not in text
    assert any(line.get("exc_info") for line in server.told)


def test_each_request_has_one_access_line_with_its_id_and_status(server: Server) -> None:
    access = [line for line in server.told if "http_status" in line]
    found = Counter(str(line["request_id"]) for line in access)
    assert max(found.values()) == 1
    statuses = {str(line["request_id"]): line["http_status"] for line in access}
    for line in access:
        assert line["http_path"] not in ("/web/health", "/web/static/img/favicon.ico")
        assert isinstance(line["perf_queries"], int)
        assert isinstance(line["http_duration_seconds"], float)
    asked = {name: status for name, status in server.statuses.items() if name in statuses}
    assert {name: statuses[name] for name in asked} == asked
    assert len(asked) == server.requests_with_a_line
    assert len(server.statuses) == len(asked) + 2 * CLIENTS * ROUNDS


def test_the_platform_is_content_with_the_log(server: Server) -> None:
    assert "logging-json" not in server.log.read_text()


def test_rsyslog_parses_every_line_and_sets_the_first_ones_apart(server: Server) -> None:
    told = server.told
    deadline = time.monotonic() + 60
    while lines_of(server.rsyslog.parsed) < len(told) and time.monotonic() < deadline:
        time.sleep(0.2)
    server.rsyslog.stop()
    parsed = [json.loads(line) for line in server.rsyslog.parsed.read_text().splitlines()]
    for line in parsed:
        del line["metadata"]  # imfile's
    assert parsed == told
    assert lines_of(server.rsyslog.apart) == len(server.lines) - len(told)


def test_lnav_answers_questions_in_sql(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "lnav"
    formats = home / "formats" / "installed"
    formats.mkdir(parents=True)
    (formats / FORMAT.name).write_text(FORMAT.read_text())
    told = server.told
    # of a file that begins with lines of text lnav takes all for text
    log = tmp_path / "only.json"
    log.write_text("".join(f"{line}\n" for line in server.lines if line.startswith("{")))
    assert query(home, log, "SELECT count(*) FROM odoo_json") == [[str(len(told))]]
    statuses = Counter(str(line["http_status"]) for line in told if "http_status" in line)
    sql = (
        "SELECT http_status, count(*) FROM odoo_json WHERE http_status IS NOT NULL"
        " GROUP BY http_status ORDER BY http_status"
    )
    expected = [[status, str(count)] for status, count in sorted(statuses.items())]
    assert query(home, log, sql) == expected
    total = sum(int(str(line.get("perf_queries", 0))) for line in told)
    assert query(home, log, "SELECT sum(perf_queries) FROM odoo_json") == [[str(total)]]


@pytest.mark.parametrize("schema", STACKS)
def test_secrets_in_tracebacks_are_hidden_in_every_schema(
    prepared: Instance, tmp_path: Path, schema: str
) -> None:
    server = Server(prepared, tmp_path, 0, schema)
    visitor = Client(prepared.name)
    try:
        # on 17.0 and 18.0 a thread for actions may lose its connection when the server ends
        server.start("--max-cron-threads=0")
        visitor.log_in(server)
        for text in TELLING:
            # core's exception has the name of the method
            params = {"model": "res.partner", "method": text, "args": [[]], "kwargs": {}}
            visitor.ask(server, "/web/dataset/call_kw", params)
    finally:
        server.stop()
        server.rsyslog.stop()
    stacks = [stack for line in server.told if (stack := at(line, STACKS[schema]))]
    assert len(stacks) == len(TELLING), [one for one in stacks if "res.partner" not in one]
    for left in TELLING.values():
        assert any(left in stack for stack in stacks), left
    told = server.log.read_text()
    assert SECRET not in told
    for sid in visitor.sids:
        assert sid not in told


def at(line: dict[str, Any], path: str) -> str:
    """Return the value in a line under names that are separated by a slash."""
    found: Any = line
    for name in path.split("/"):
        found = found.get(name) or {}
    return found or ""


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def query(home: Path, log: Path, sql: str) -> list[list[str]]:
    """Return the rows that lnav gives for a question about a log."""
    done = subprocess.run(
        ["lnav", "-n", "-I", home, "-c", f";{sql}", "-c", ":write-csv-to -", log],
        env={"HOME": str(home), "TERM": "dumb", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    _head, *rows = csv.reader(io.StringIO(done.stdout))
    return rows
