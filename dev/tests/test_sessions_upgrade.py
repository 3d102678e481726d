"""A rolling upgrade: a front-end of a release before 3.0 and a new one behind one nginx.

No addon of the suite is installed in the database, as none has to be: during such an upgrade it
has the sessions of the old release, whose code runs on the old front-end alone.
"""

import contextlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from support.front_end import Answer, Client, FrontEnd

from dev.process import free_ports
from dev.services.nginx import Nginx
from dev.stack import Stack

OLD = "session_redis_before_3"
EXPIRED = "odoo.http.SessionExpiredException"
INFO = "/web/session/get_session_info"
OLD_KEYS = {"ODOO_SESSION_REDIS_OLD_KEYS": "1"}
HALF_A_DAY = 12 * 60 * 60


@dataclass
class Site:
    """A database, and the Redis of its front-ends."""

    stack: Stack
    database: str
    data: Path
    logs: Path
    prefix: str

    @property
    def variables(self) -> dict[str, str]:
        return {**self.stack.redis.env, "ODOO_SESSION_REDIS_PREFIX": self.prefix}

    @property
    def redis(self) -> "redis.Redis":
        service = self.stack.redis
        return redis.Redis("127.0.0.1", service.port, password=service.password)

    @contextlib.contextmanager
    def old(self, number: int = 0) -> Iterator[FrontEnd]:
        front_end = FrontEnd(self.stack, self.database, self.data, self.logs, number)
        with front_end.started(variables=self.variables, load=OLD):
            yield front_end

    @contextlib.contextmanager
    def new(self, more: Mapping[str, str], number: int = 1) -> Iterator[FrontEnd]:
        front_end = FrontEnd(self.stack, self.database, self.data, self.logs, number)
        with front_end.started(variables={**self.variables, **more}):
            yield front_end

    @contextlib.contextmanager
    def door(self, *front_ends: FrontEnd) -> Iterator["Door"]:
        """Start an nginx in front of some front-ends, which asks them in turns."""
        nginx = Nginx(self.logs / "nginx")
        http_ports = [front_end.port for front_end in front_ends]
        gevent_ports = [front_end.gevent_port for front_end in front_ends]
        try:
            nginx.start(free_ports(29249)[0], http_ports, gevent_ports)
            yield Door(int(nginx.url.rpartition(":")[2]))
        finally:
            nginx.stop()

    def client(self) -> Client:
        return Client(self.database)

    def forms(self, client: Client) -> set[str]:
        """Return the text before the prefix in the keys of a client's session."""
        end = f"{self.prefix}:{client.sid}"
        return {key.decode().removesuffix(end) for key in self.redis.keys(f"*{end}")}


@dataclass
class Door:
    """The address that clients ask instead of a front-end."""

    port: int


@pytest.fixture(scope="module")
def site(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name = f"sessions_{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        site = Site(stack, name, data, tmp_path_factory.mktemp("logs"), f"{name}-odoo-test")
        yield site
        for key in site.redis.keys(f"session:*{site.prefix}:*"):
            site.redis.delete(key)


@pytest.fixture(scope="module")
def old(site: Site) -> Iterator[FrontEnd]:
    with site.old() as front_end:
        yield front_end


@pytest.fixture(scope="module")
def new(site: Site) -> Iterator[FrontEnd]:
    with site.new(OLD_KEYS) as front_end:
        yield front_end


@pytest.fixture(scope="module")
def without_old_keys(site: Site) -> Iterator[FrontEnd]:
    with site.new({}, number=2) as front_end:
        yield front_end


@pytest.fixture(params=["old", "new"])
def pair(request: pytest.FixtureRequest, old: FrontEnd, new: FrontEnd) -> list[FrontEnd]:
    """Both front-ends, each of them first once."""
    return [old, new] if request.param == "old" else [new, old]


def info(client: Client, front_end: FrontEnd | Door, debug: str | None = None) -> Answer:
    """Return the web client's data about its session; ``debug`` is kept in the session."""
    return client.ask(front_end, INFO if debug is None else f"{INFO}?debug={debug}", {})


def assert_logged_in(client: Client, *front_ends: FrontEnd | Door) -> None:
    for front_end in front_ends:
        assert client.check(front_end).error == "", front_end
        assert info(client, front_end).result["username"] == "admin", front_end


def assert_logged_out(client: Client, *front_ends: FrontEnd | Door) -> None:
    for front_end in front_ends:
        assert client.check(front_end).error == EXPIRED, front_end


def test_log_in_at_either_is_one_at_both(site: Site, pair: list[FrontEnd]) -> None:
    client = site.client()
    assert client.log_in(pair[0]).result["uid"]
    sid = client.sid
    assert_logged_in(client, *pair, *pair)
    assert client.sid == sid
    assert site.forms(client) == {"session::"}


def test_log_out_at_either_is_one_at_both(site: Site, pair: list[FrontEnd]) -> None:
    for first in pair:
        client = site.client()
        client.log_in(first)
        assert_logged_in(client, *pair)
        sid = client.sid
        client.log_out(pair[0])
        client.sid = sid  # like a client that has kept the cookie
        assert site.forms(client) == set()
        assert_logged_out(client, *pair)


def test_30_requests_in_turns_lose_no_log_in_and_no_change(
    site: Site, old: FrontEnd, new: FrontEnd
) -> None:
    client = site.client()
    with site.door(old, new) as door:
        client.log_in(door)
        wrote, read = set(), set()
        for step in range(10):
            debug = ("1", "assets", "tests", "assets,tests")[step % 4]
            wrote.add(info(client, door, debug).headers["X-Served-By"])
            for _request in range(2):
                answer = info(client, door)
                assert answer.result["username"] == "admin", answer
                assert answer.result["bundle_params"]["debug"] == debug, answer
                read.add(answer.headers["X-Served-By"])
    assert wrote == read == {f"127.0.0.1:{one.port}" for one in (old, new)}
    assert site.forms(client) == {"session::"}


def test_work_at_both_is_committed_and_logs_nobody_out(site: Site, pair: list[FrontEnd]) -> None:
    client = site.client()
    client.log_in(pair[0])
    for front_end in pair * 3:
        assert client.write(front_end).result is True
    assert_logged_in(client, *pair)


def test_id_that_is_due_to_rotate_is_followed_by_both(site: Site, pair: list[FrontEnd]) -> None:
    """On 19.0 its request rotates it; before, an id never does by its age."""
    client = site.client()
    client.log_in(pair[0])
    before = client.sid
    rotates = make_older(site, client)
    assert_logged_in(client, *pair, *pair)
    assert (client.sid != before) == rotates
    # an answer that was on its way as it rotated
    late = Client(site.database, before)
    assert_logged_in(late, *reversed(pair))
    assert late.sid == client.sid


def make_older(site: Site, client: Client) -> bool:
    """Make a session half a day old; False if the session has no time."""
    key = f"session::{site.prefix}:{client.sid}"
    values = json.loads(site.redis.get(key))
    if "create_time" not in values:
        return False
    values["create_time"] -= HALF_A_DAY
    site.redis.set(key, json.dumps(values), keepttl=True)
    return True


def test_without_old_keys_log_ins_of_the_old_one_count_and_its_log_outs_do_not(
    site: Site, old: FrontEnd, without_old_keys: FrontEnd
) -> None:
    new = without_old_keys
    client = site.client()
    client.log_in(old)
    assert_logged_in(client, new, old, new)
    assert site.forms(client) == {"session:", "session::"}
    info(client, new, "assets")
    assert info(client, new).result["bundle_params"]["debug"] == "assets"
    assert "debug" not in info(client, old).result["bundle_params"]
    sid = client.sid
    client.log_out(old)
    client.sid = sid
    assert_logged_in(client, new)
    client.log_out(new)
    client.sid = sid
    assert site.forms(client) == set()
    assert_logged_out(client, old, new)


def test_without_old_keys_log_ins_of_the_new_one_do_not_count_at_the_old_one(
    site: Site, old: FrontEnd, without_old_keys: FrontEnd
) -> None:
    client = site.client()
    client.log_in(without_old_keys)
    assert_logged_in(client, without_old_keys)
    assert_logged_out(Client(site.database, client.sid), old)
    assert_logged_in(client, without_old_keys)


def test_sessions_outlive_the_old_front_end_and_the_variable(site: Site) -> None:
    clients = [site.client(), site.client()]
    with site.old(3) as old, site.new(OLD_KEYS, 4) as new:
        for client, first in zip(clients, (old, new), strict=True):
            client.log_in(first)
            info(client, new, "assets")
            assert_logged_in(client, old, new)
    with site.new({}, 4) as new, site.door(new) as door:
        for client in clients:
            assert_logged_in(client, door)
            assert info(client, door).result["bundle_params"]["debug"] == "assets"
            assert site.forms(client) == {"session:", "session::"}
            sid = client.sid
            client.log_out(door)
            client.sid = sid
            assert site.forms(client) == set()
            assert_logged_out(client, door)
