"""Jobs of OCA's queue_job, run by its own runner: counted, timed and logged as jobs.

The suite does not need ``queue_job``; here it is installed, with a server that has it in
``--load``, as its runner wants it.
"""

import json
import re
import socket
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.front_end import Client, FrontEnd

from dev.stack import Stack

LOAD = "logging_json,monitoring_prometheus,monitoring_statsd,queue_job"
CHANNEL = "root.of_tests"
SECRET = "hunter2"

# the enqueued methods, and how often; of the last two kinds the first one to run is retried
JOBS = {"job_works": 5, "job_fails": 3, "job_is_retried": 1, "job_collides": 1}
RUNS = {"done": 7, "failed": 3, "retried": 2}


class QueueFrontEnd(FrontEnd):
    """A server that finds ``queue_job``."""

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        environment = super().environment(variables)
        path = [environment["PYTHONPATH"], str(self.stack.odoo.queue_job())]
        return {**environment, "PYTHONPATH": ":".join(filter(None, path))}

    def metrics(self) -> dict[str, float]:
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=60) as response:
            text = response.read().decode()
        return {name: float(value) for name, value in re.findall(r"^(odoo.*) (\S+)$", text, re.M)}

    def runs(self) -> dict[str, float]:
        """Return how many runs of jobs were counted, by their outcome."""
        name = "odoo_queue_job_duration_seconds_count"
        labels = rf'channel="{re.escape(CHANNEL)}",database="{self.database}",outcome="(\w+)"'
        pattern = re.compile(f"{name}{{{labels}}}")
        found = ((pattern.fullmatch(key), value) for key, value in self.metrics().items())
        return {match[1]: value for match, value in found if match}

    @property
    def lines(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class Server:
    """The server after its jobs have run, and its output."""

    def __init__(self, front_end: QueueFrontEnd, customer: str) -> None:
        self.database = front_end.database
        self.customer = customer
        self.runs = front_end.runs()
        self.metrics = front_end.metrics()
        self.lines = front_end.lines
        self.text = front_end.log.read_text()


@pytest.fixture(scope="module", params=[0, 2], ids=["threaded", "prefork"])
def server(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    name = f"queue-jobs-{request.param}"
    directory = tmp_path_factory.mktemp(name)
    customer = f"queue{time.time_ns()}"
    variables = {
        **stack.statsd.env,
        "STATSD_CUSTOMER": customer,
        "RUNNING_ENV": "prod",
        "ODOO_LOGGING_JSON": "1",
        "ODOO_QUEUE_JOB_CHANNELS": "root:2",
    }
    with stack.database(name, [], {}) as data:
        front_end = QueueFrontEnd(stack, name, data, directory, number=3)
        install = ("-i", "queue_job_of_tests", "--stop-after-init", "--without-demo=True")
        front_end.run(*install, variables={"RUNNING_ENV": "prod"}, load="")
        workers = f"--workers={request.param}"
        with front_end.started(workers, variables=variables, load=LOAD):
            client = Client(name)
            client.log_in(front_end)
            for method, times in JOBS.items():
                params = {"model": "jobs.of.tests", "method": "enqueue", "kwargs": {}}
                # no records: it is a method of the model
                answer = client.ask(
                    front_end, "/web/dataset/call_kw", {**params, "args": [[], method, times]}
                )
                assert answer.result, answer.text
            deadline = time.monotonic() + 90
            # a run's access line comes after it was counted
            while (
                front_end.runs() != RUNS or len(accesses(front_end.lines)) < sum(RUNS.values())
            ) and time.monotonic() < deadline:
                time.sleep(1)
            yield Server(front_end, customer)


def accesses(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the access lines of the requests that run jobs."""
    return [line for line in lines if line.get("http_route") == "/queue_job/runjob"]


def test_runs_are_counted_and_timed_by_channel_and_outcome(server: Server) -> None:
    assert server.runs == RUNS
    for outcome in RUNS:
        labels = f'channel="{CHANNEL}",database="{server.database}",outcome="{outcome}"'
        assert server.metrics[f"odoo_queue_job_duration_seconds_sum{{{labels}}}"] > 0


def test_statsd_is_told_the_same(stack: Stack, server: Server) -> None:
    client = stack.statsd.client
    text = b""
    with socket.create_connection((client["host"], client["management_port"]), 30) as asked:
        asked.sendall(b"timers\n")
        while not text.endswith(b"END\n\n"):
            text += asked.recv(65536)
    name = f"odoo.queue.job.{server.customer}.prod.root_of_tests."
    timers = re.findall(rf"'{re.escape(name)}(\w+)': \[([^\]]*)\]", text.decode())
    assert {outcome: len(values.split(",")) for outcome, values in timers} == RUNS


def test_lines_of_a_job_have_its_id_and_those_around_it_the_request_s(server: Server) -> None:
    jobs = [line for line in server.lines if line.get("job_kind") == "queue"]
    told = Counter(line["message"] for line in jobs)
    assert told["the job works"] == JOBS["job_works"]
    assert told["the job is retried"] == told["the job collides"] == 2
    for line in jobs:
        assert line["request_id"] == line["job_id"]
        assert re.fullmatch("[0-9a-f-]{36}", line["job_id"])
        assert line["job_name"].startswith("jobs.of.tests.job_")
        assert (line["dbname"], line["uid"]) == (server.database, 2)
    worked = {line["job_id"] for line in jobs if line["message"] == "the job works"}
    assert len(worked) == JOBS["job_works"]
    access = accesses(server.lines)
    assert len(access) == sum(RUNS.values())
    ids = {line["request_id"] for line in access}
    assert len(ids) == len(access) and not ids & {line["job_id"] for line in jobs}
    assert all("job_kind" not in line for line in access)


def test_the_exception_of_a_job_is_logged_without_its_secret(server: Server) -> None:
    assert "it cannot, password=***" in server.text
    assert SECRET not in server.text
