"""Two front-ends lose their Redis: by a fail-over, in silence, and by its end."""

import contextlib
import os
import re
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.front_end import Client, FrontEnd, sing
from support.production import fault_proxy
from support.session_visits import (
    Visit,
    comes_back,
    judge_logs,
    serves_what_needs_no_session,
    wait_until,
)

from dev.process import answers, free_ports
from dev.services.redis_cluster import RedisCluster
from dev.services.redis_sentinel import RedisSentinel
from dev.services.redis_sets import RedisWithUsers
from dev.stack import Stack

CLIENTS = 8
LONGEST_SECONDS = 10  # any answer, while only Odoo answers
SILENT_SECONDS = 0.5


@dataclass
class Database:
    name: str
    data: Path


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[Database]:
    name = f"sessions_{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield Database(name, data)


@pytest.fixture
def servers(stack: Stack, database: Database, tmp_path: Path) -> Callable[..., Any]:
    """Start two prefork front-ends, of two workers each."""

    @contextlib.contextmanager
    def start(variables: Mapping[str, str], *arguments: str) -> Iterator[list[FrontEnd]]:
        with contextlib.ExitStack() as until_the_end:
            found = []
            for number in range(2):
                front_end = FrontEnd(stack, database.name, database.data, tmp_path, number)
                options = ("--workers=2", "--log-level=info", *arguments)
                until_the_end.enter_context(front_end.started(*options, variables=variables))
                found.append(front_end)
            for front_end in found:  # each worker loads the registry once
                for _request in range(4):
                    Client(database.name).ask(front_end, "/web/login")
            yield found

    return start


@pytest.fixture
def users(tmp_path: Path) -> Iterator[RedisWithUsers]:
    """A Redis of a test's own, which it may stop."""
    redis = RedisWithUsers(tmp_path / "redis", 27070)
    redis.start()
    yield redis
    redis.stop()


def test_a_fail_over_under_load_logs_nobody_out(
    servers: Callable[..., Any], database: Database, tmp_path: Path
) -> None:
    sentinel = RedisSentinel(tmp_path / "sentinel", 27080)
    sentinel.start()
    try:
        variables = {**sentinel.env, "ODOO_SESSION_REDIS_PREFIX": "failover"}
        visits = [Visit(Client(database.name), number % 2 == 0) for number in range(CLIENTS)]
        ended = threading.Event()
        with servers(variables) as front_ends, ThreadPoolExecutor(CLIENTS) as pool:
            try:
                running = [pool.submit(visit.go_on, front_ends, ended) for visit in visits]
                wait_until(lambda: all(visit.good_since(0) >= 20 for visit in visits))
                master = sentinel.master
                killed_at = time.monotonic()
                sentinel.daemons[master].kill()
                wait_until(lambda: sentinel.master not in ("", master))
                promoted_at = time.monotonic()
                wait_until(lambda: all(visit.good_since(promoted_at) >= 20 for visit in visits))
                recovered_at = time.monotonic()
                wait_until(lambda: all(visit.good_since(recovered_at) >= 5 for visit in visits))
            finally:
                ended.set()
            for future in running:
                future.result()
        clients = [visit.client for visit in visits]
        judge_logs(front_ends, clients, sentinel.password, sentinel.sentinel_password)
        for visit in visits:
            assert visit.logged_out == []
            assert {answer.status for _at, answer in visit.answers} <= {200, 503}
            assert all(
                answer.headers.get("Retry-After")
                for _at, answer in visit.answers
                if answer.status == 503
            )
            assert max(answer.seconds for _at, answer in visit.answers) < LONGEST_SECONDS
            before = [a.status for at, a in visit.answers if at < killed_at]
            after = [a.status for at, a in visit.answers if at - a.seconds > recovered_at]
            assert set(before) == {200} and set(after) == {200}, (before, after)
    finally:
        sentinel.stop()


def test_a_master_that_comes_back_from_a_pause_is_not_used(
    servers: Callable[..., Any], database: Database, tmp_path: Path
) -> None:
    sentinel = RedisSentinel(tmp_path / "sentinel", 27080)
    sentinel.start()
    try:
        variables = {**sentinel.env, "ODOO_SESSION_REDIS_PREFIX": "paused"}
        clients = [Client(database.name) for _number in range(CLIENTS)]
        with servers(variables) as front_ends:
            for client in clients:
                assert client.log_in(front_ends[0]).result["uid"]
            for number in range(4 * CLIENTS):  # each worker has a connection to it
                assert not clients[number % CLIENTS].check(front_ends[number % 2]).error
            former = sentinel.master
            pid = sentinel.daemons[former].pid
            os.kill(pid, signal.SIGSTOP)
            try:
                # without a request in between, which would find out that it is silent
                wait_until(lambda: sentinel.master not in ("", former))
            finally:
                os.kill(pid, signal.SIGCONT)
            before = session_commands(sentinel, former)
            leaving, sid = clients[0], clients[0].sid
            assert leaving.log_out(front_ends[0]).status == 200
            assert sentinel.ask(former, "ROLE").startswith("master")
            for number in range(8):
                leaving.sid = sid
                assert leaving.check(front_ends[number % 2]).error
                late = Client(database.name)
                assert late.log_in(front_ends[number % 2]).result["uid"]
                assert not late.check(front_ends[1 - number % 2]).error
                if sentinel.ask(former, "ROLE").startswith("master"):
                    # later it repeats the commands to its own master
                    assert session_commands(sentinel, former) == before
            for client in clients[1:]:
                assert not client.check(front_ends[1]).error
        judge_logs(front_ends, clients, sentinel.password, sentinel.sentinel_password)
    finally:
        sentinel.stop()


def session_commands(sentinel: RedisSentinel, name: str) -> dict[str, int]:
    """Return how often a process was asked for what sessions need."""
    stats = sentinel.ask(name, "INFO", "commandstats")
    found = re.findall(r"cmdstat_(\w+):calls=(\d+)", stats)
    return {
        command: int(calls)
        for command, calls in found
        if command in ("get", "set", "del", "hset", "hgetall", "hget", "multi", "eval", "evalsha")
    }


def test_a_silent_redis_costs_little_and_recovers_by_itself(
    servers: Callable[..., Any], database: Database, users: RedisWithUsers
) -> None:
    client, visitor = Client(database.name), Client(database.name)
    with fault_proxy("127.0.0.1", users.ports["server"]) as proxy:
        variables = variables_of(users, proxy.port)
        with servers(variables) as front_ends:
            assert client.log_in(front_ends[0]).result["uid"]
            assert not client.check(front_ends[1]).error

            proxy.blackhole()
            began = time.monotonic()
            for number in range(200):
                answer = client.check(front_ends[number % 2])
                assert answer.status == 503 and answer.headers["Retry-After"]
                assert answer.seconds < LONGEST_SECONDS
            # of 200 timeouts in a row this would be the end
            assert time.monotonic() - began < 200 * SILENT_SECONDS / 2
            assert visitor.log_in(front_ends[0]).status == 503
            serves_what_needs_no_session(client, front_ends[0])

            proxy.pass_through()
            comes_back(client, front_ends)
            assert visitor.log_in(front_ends[1]).result["uid"]
    judge_logs(front_ends, [client, visitor], users.password)
    for front_end in front_ends:
        # one for each worker, and what could not be saved
        told = front_end.log.read_text().count("The session store in Redis is unavailable")
        assert 1 <= told <= 20, told


def test_a_stopped_redis_is_used_again_once_it_runs(
    servers: Callable[..., Any], database: Database, users: RedisWithUsers
) -> None:
    client = Client(database.name)
    with servers(variables_of(users, users.ports["server"])) as front_ends:
        assert client.log_in(front_ends[0]).result["uid"]
        users.daemons["server"].kill()
        for number in range(20):
            answer = client.check(front_ends[number % 2])
            assert answer.status == 503 and answer.headers["Retry-After"]
        assert Client(database.name).log_in(front_ends[1]).status == 503
        serves_what_needs_no_session(client, front_ends[0])
        users.start_one("server")
        # its memory was all that it had
        comes_back(client, front_ends, logged_in=False)
        for front_end in front_ends:
            assert client.log_in(front_end).result["uid"]
            assert not client.check(front_end).error
    judge_logs(front_ends, [client], users.password)


def test_workers_that_are_replaced_during_an_outage_answer_503(
    servers: Callable[..., Any], database: Database, users: RedisWithUsers
) -> None:
    client = Client(database.name)
    variables = variables_of(users, users.ports["server"])
    # a worker ends after three requests; its successor must not ask as a start does
    with servers(variables, "--limit-request=3") as front_ends:
        assert client.log_in(front_ends[0]).result["uid"]
        users.daemons["server"].kill()
        for number in range(40):
            assert client.check(front_ends[number % 2]).status == 503
        users.start_one("server")
        comes_back(client, front_ends, logged_in=False)
        assert client.log_in(front_ends[0]).result["uid"]


def test_messages_of_websockets_in_an_outage_are_one_line(
    stack: Stack, database: Database, users: RedisWithUsers, tmp_path: Path
) -> None:
    client = Client(database.name)
    front_end = FrontEnd(stack, database.name, database.data, tmp_path)
    variables = variables_of(users, users.ports["server"])
    with contextlib.ExitStack() as until_the_end:
        until_the_end.enter_context(front_end.started("--workers=0", variables=variables))
        assert client.log_in(front_end).result["uid"]
        sockets = [until_the_end.enter_context(websocket(front_end, client)) for _n in range(4)]
        users.daemons["server"].kill()
        for number in range(16):
            send(sockets[number % 4], '{"event_name": "subscribe", "data": {"channels": []}}')
            time.sleep(0.1)
        wait_until(lambda: "A websocket was not served" in front_end.log.read_text())
    text = front_end.log.read_text()
    assert "Traceback" not in text, text[-6000:]
    assert text.count("A websocket was not served") == 1
    assert text.count("The session store in Redis is unavailable") <= 2
    assert client.sid not in text


@contextlib.contextmanager
def websocket(front_end: FrontEnd, client: Client) -> Iterator[socket.socket]:
    """Open a websocket with the session of a client."""
    with socket.create_connection(("127.0.0.1", front_end.port), timeout=30) as opened:
        lines = (
            "GET /websocket HTTP/1.1",
            f"Host: 127.0.0.1:{front_end.port}",
            f"Origin: http://127.0.0.1:{front_end.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
            f"Cookie: session_id={client.sid}",
        )
        opened.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b" 101 " in opened.recv(4096)
        yield opened


def send(opened: socket.socket, text: str) -> None:
    """Send a short message, with the mask of zeros."""
    opened.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text.encode())


def variables_of(redis: RedisWithUsers, port: int) -> dict[str, str]:
    return {
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_HOST": "127.0.0.1",
        "ODOO_SESSION_REDIS_PORT": str(port),
        "ODOO_SESSION_REDIS_PASSWORD": redis.password,
        "ODOO_SESSION_REDIS_READ_TIMEOUT": str(SILENT_SECONDS),
        "ODOO_SESSION_REDIS_START_TIMEOUT": "2",
    }


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_refused_password_ends_the_start_and_is_in_no_log(
    stack: Stack, database: Database, users: RedisWithUsers, tmp_path: Path, workers: str
) -> None:
    front_end = FrontEnd(stack, database.name, database.data, tmp_path)
    wrong = {
        **variables_of(users, users.ports["server"]),
        "ODOO_SESSION_REDIS_PASSWORD": "it-is-not-this-one",
        "ODOO_SESSION_REDIS_START_TIMEOUT": "3600",
    }
    done = front_end.run(f"--workers={workers}", variables=wrong)
    assert done.returncode == os.EX_CONFIG, done.stdout
    assert done.stdout.count("ODOO_SESSION_REDIS_PASSWORD: ") == 1
    assert "it-is-not-this-one" not in done.stdout
    assert not answers(front_end.port)


def test_an_unknown_host_and_an_untrusted_certificate_end_the_start(
    stack: Stack, database: Database, tmp_path: Path
) -> None:
    front_end = FrontEnd(stack, database.name, database.data, tmp_path)
    server = stack.redis_sets["redis_tls"]
    server.start()
    patient = {"ODOO_SESSION_REDIS": "1", "ODOO_SESSION_REDIS_START_TIMEOUT": "3600"}
    untrusted = {
        **patient,
        "ODOO_SESSION_REDIS_HOST": str(server.client["host"]),
        "ODOO_SESSION_REDIS_PORT": str(server.client["port"]),
        "ODOO_SESSION_REDIS_TLS": "1",
        "ODOO_SESSION_REDIS_TLS_CA": str(server.client["other_ca"]),
    }
    for variables, told in (
        # no resolver is asked for an address without a name
        ({**patient, "ODOO_SESSION_REDIS_HOST": "no such host"}, "ODOO_SESSION_REDIS_HOST: "),
        (untrusted, "ODOO_SESSION_REDIS_TLS_CA: the certificate is not trusted"),
    ):
        done = front_end.run("--workers=2", variables=variables)
        assert done.returncode == os.EX_CONFIG, done.stdout
        assert done.stdout.count(told) == 1, done.stdout
        assert not answers(front_end.port)


def test_two_front_ends_on_a_cluster_lose_a_node_and_no_log_in_of_the_others(
    servers: Callable[..., Any], database: Database, tmp_path: Path
) -> None:
    cluster = RedisCluster(tmp_path / "cluster", 27100)
    cluster.start()
    try:
        variables = {
            "ODOO_SESSION_REDIS": "1",
            "ODOO_SESSION_REDIS_CLUSTER": "1",
            "ODOO_SESSION_REDIS_HOST": cluster.client["nodes"],
            "ODOO_SESSION_REDIS_PASSWORD": cluster.password,
        }
        clients = [Client(database.name) for _number in range(CLIENTS)]
        with servers(variables) as front_ends, ThreadPoolExecutor(CLIENTS) as pool:
            for answer in pool.map(lambda client: client.log_in(front_ends[0]), clients):
                assert answer.result["uid"]
            for front_end in front_ends * 3:
                for answer in pool.map(lambda one, at=front_end: one.check(at), clients):
                    assert answer.status == 200 and not answer.error
            sids = [client.sid for client in clients]
            for client in clients[::2]:
                assert client.log_out(front_ends[1]).status == 200
            for client, sid in zip(clients, sids, strict=True):
                client.sid = sid
            left = [bool(client.check(front_ends[0]).error) for client in clients]
            assert left == [True, False] * (CLIENTS // 2)

            cluster.daemons["node3"].kill()
            for number in range(40):
                answer = clients[1].check(front_ends[number % 2])
                assert answer.status in (200, 503) and not answer.error
                assert answer.status == 200 or answer.headers["Retry-After"]
                assert answer.seconds < LONGEST_SECONDS
            serves_what_needs_no_session(clients[1], front_ends[0])
        judge_logs(front_ends, clients, cluster.password)
    finally:
        cluster.stop()


def test_a_redis_that_does_not_come_ends_the_start_and_lets_repairs_through(
    stack: Stack, database: Database, users: RedisWithUsers, tmp_path: Path
) -> None:
    front_end = FrontEnd(stack, database.name, database.data, tmp_path)
    absent = variables_of(users, free_ports(27090)[0])
    done = front_end.run("--workers=2", variables=absent)
    assert done.returncode == os.EX_TEMPFAIL, done.stdout
    assert done.stdout.count("Waiting up to 2 s") == 1
    assert "A server cannot be reached" in done.stdout
    assert not answers(front_end.port)
    # a shell wants its command first
    patient = {**absent, "ODOO_SESSION_REDIS_START_TIMEOUT": "3600"}
    shell = front_end.run("shell", "--no-http", variables=patient, text="print('uid', env.uid)\n")
    update = front_end.run("-u", "base", "--stop-after-init", variables=patient)
    song = sing(front_end, tmp_path, patient)
    assert "uid 1" in shell.stdout
    # anthem starts no server, so nothing is asked
    assert (song.returncode, "uid 1" in song.stdout) == (0, True), song.stdout
    for repair in (shell, update):
        assert repair.returncode == 0, repair.stdout
        assert "A server cannot be reached, a server would not start" in repair.stdout
        assert "CRITICAL" not in repair.stdout
