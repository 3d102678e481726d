"""PostgreSQL goes away for a moment, or one of its databases permanently."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.front_end import Client, FrontEnd
from support.production import fault_proxy
from support.session_visits import wait_until

from dev.stack import Stack


@pytest.fixture
def database(stack: Stack) -> Iterator[tuple[str, Path]]:
    name = f"away_{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        yield name, data


@pytest.fixture(params=[0, 2], ids=["threaded", "prefork"])
def away(
    stack: Stack, database: tuple[str, Path], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[FrontEnd, Client, Any]]:
    """A server, a user who is logged in, and the way from there to PostgreSQL."""
    name, data = database
    postgresql = stack.postgresql.env
    front_end = FrontEnd(stack, name, data, tmp_path)
    with fault_proxy(postgresql["PGHOST"], int(postgresql["PGPORT"])) as proxy:
        variables = {
            **stack.redis.env,
            "ODOO_SESSION_REDIS_PREFIX": name,
            "PGHOST": proxy.host,
            "PGPORT": str(proxy.port),
        }
        options = (f"--workers={request.param}", f"--db-filter=^{name}$")
        with front_end.started(*options, variables=variables):
            client = Client(name)
            assert client.log_in(front_end).result["uid"]
            for _worker in range(4):
                assert not client.check(front_end).error
            yield front_end, client, proxy


def test_a_postgresql_that_is_away_logs_nobody_out(
    away: tuple[FrontEnd, Client, Any],
) -> None:
    front_end, client, proxy = away
    sid = client.sid
    proxy.refuse()
    for path in ("/web", "/web/login"):
        page = client.ask(front_end, path)
        assert (page.status, page.headers.get("Retry-After")) == (503, "5"), (path, page)
    call = client.check(front_end)
    assert (call.status, call.headers.get("Retry-After")) == (503, "5")
    assert client.ask(front_end, "/web/static/img/logo.png").status == 200
    proxy.pass_through()
    wait_until(lambda: client.check(front_end).status == 200)
    for _worker in range(4):
        answer = client.check(front_end)
        assert answer.status == 200 and not answer.error
    assert client.sid == sid
    assert client.sid not in front_end.log.read_text()


def test_a_database_that_is_gone_is_forgotten(
    stack: Stack, away: tuple[FrontEnd, Client, Any]
) -> None:
    front_end, client, _proxy = away
    stack.postgresql.drop(client.database)
    assert client.check(front_end).status == 404, "there is no such route without a database"
    # a visitor from now on, and never a 503
    assert client.ask(front_end, "/web/login").status in (200, 303)
