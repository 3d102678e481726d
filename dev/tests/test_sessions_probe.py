"""A Redis that answers, and cannot do what sessions need: no server is ready with it."""

import http.client
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.front_end import FrontEnd

from dev.process import free_ports
from dev.services.redis_sets import RedisWithUsers
from dev.stack import Stack

TOKEN = "let-me-see"
PREFIX = "allowed:probe"
# each makes an administrator's Redis useless to sessions, and is undone by the second
FAULTS = {
    "OutOfMemoryError": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "ReadOnlyError": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "NOREPLICAS": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
    "set": (("ACL", "SETUSER", "odoo", "-set"), ("ACL", "SETUSER", "odoo", "+set")),
    "get": (("ACL", "SETUSER", "odoo", "-get"), ("ACL", "SETUSER", "odoo", "+get")),
    "del": (("ACL", "SETUSER", "odoo", "-del"), ("ACL", "SETUSER", "odoo", "+del")),
    "permission": (
        ("ACL", "SETUSER", "odoo", "resetkeys", "~other:*"),
        ("ACL", "SETUSER", "odoo", "~session:allowed:*", "~session::allowed:*"),
    ),
}


class RedisBehindProxy(RedisWithUsers):
    """One that lacks transactions and scripts, as some proxies do."""

    def _configuration(self, name: str, port: int) -> str:
        lacks = "".join(f'rename-command {word} ""\n' for word in ("MULTI", "EVAL", "EVALSHA"))
        return super()._configuration(name, port).replace("+@transaction", "") + lacks


@pytest.fixture(scope="module")
def database(stack: Stack) -> Iterator[tuple[str, Path]]:
    name = f"sessions_{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield name, data


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisWithUsers]:
    server = RedisWithUsers(tmp_path / "redis", 27070)
    server.start()
    yield server
    server.stop()


def variables(redis: RedisWithUsers) -> dict[str, str]:
    return {
        "RUNNING_ENV": "dev",
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_HOST": "127.0.0.1",
        "ODOO_SESSION_REDIS_PORT": str(redis.ports["server"]),
        "ODOO_SESSION_REDIS_USERNAME": "odoo",
        "ODOO_SESSION_REDIS_PASSWORD": redis.client["users"]["odoo"],
        "ODOO_SESSION_REDIS_PREFIX": PREFIX,
        "ODOO_SESSION_REDIS_START_TIMEOUT": "1",
        "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": TOKEN,
    }


def readiness(front_end: FrontEnd) -> tuple[int, str]:
    """Return the status, and the message about the sessions."""
    connection = http.client.HTTPConnection("127.0.0.1", front_end.port, timeout=30)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    connection.request("GET", "/cloud_platform/ready", headers=headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text)["parts"]["sessions"]


def test_a_redis_that_only_answers_is_not_ready(
    stack: Stack, database: tuple[str, Path], redis: RedisWithUsers, tmp_path: Path
) -> None:
    front_end = FrontEnd(stack, *database, tmp_path)
    load = "session_redis,cloud_platform"
    with front_end.started(variables=variables(redis), load=load):
        last = (200, "ok")
        assert readiness(front_end) == last
        for word, (fault, repair) in FAULTS.items():
            redis.ask("server", *fault)
            assert redis.ask("server", "PING") == "PONG"
            while (told := readiness(front_end)) == last:
                pass  # it stands for a few seconds
            redis.ask("server", *repair)
            assert told[0] == 503 and word in told[1], told
            while readiness(front_end)[0] != 200:
                pass
    text = front_end.log.read_text()
    assert variables(redis)["ODOO_SESSION_REDIS_PASSWORD"] not in text
    # a key that a probe could not delete expires
    for key in redis.ask("server", "KEYS", "*").split():
        assert int(redis.ask("server", "TTL", key)) > 0, key


@pytest.mark.parametrize("word", ["set", "get", "del", "permission"])
def test_a_user_who_may_not_do_what_sessions_need_ends_the_start(
    stack: Stack, database: tuple[str, Path], redis: RedisWithUsers, tmp_path: Path, word: str
) -> None:
    front_end = FrontEnd(stack, *database, tmp_path)
    redis.ask("server", *FAULTS[word][0])
    done = front_end.run(variables=variables(redis))
    assert done.returncode == os.EX_CONFIG, done.stdout
    assert "ODOO_SESSION_REDIS_USERNAME: may not use" in done.stdout
    assert word in done.stdout


def test_a_full_or_read_only_redis_is_waited_for_and_ends_the_start(
    stack: Stack, database: tuple[str, Path], redis: RedisWithUsers, tmp_path: Path
) -> None:
    front_end = FrontEnd(stack, *database, tmp_path)
    for word, reason in (
        ("OutOfMemoryError", "command not allowed when used memory"),
        ("ReadOnlyError", "read only replica"),
        ("NOREPLICAS", "NOREPLICAS"),
    ):
        redis.ask("server", *FAULTS[word][0])
        done = front_end.run(variables=variables(redis))
        redis.ask("server", *FAULTS[word][1])
        assert done.returncode == os.EX_TEMPFAIL, done.stdout
        assert reason in done.stdout and "Traceback" not in done.stdout, done.stdout


def test_a_server_without_the_commands_of_sessions_ends_the_start(
    stack: Stack, database: tuple[str, Path], tmp_path: Path
) -> None:
    redis = RedisBehindProxy(tmp_path / "redis", free_ports(27070)[0])
    redis.start()
    try:
        front_end = FrontEnd(stack, *database, tmp_path)
        done = front_end.run(variables=variables(redis))
    finally:
        redis.stop()
    assert done.returncode == os.EX_CONFIG, done.stdout
    assert "ODOO_SESSION_REDIS_HOST: the server does not know " in done.stdout, done.stdout
