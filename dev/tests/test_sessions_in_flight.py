"""A log-out or a revocation at one node, while a request of the same session is held at the other.

The request has read its session before, changes it, and saves it afterwards.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.front_end import Client, FrontEnd
from support.session_visits import wait_until

from dev.stack import Stack

EXPIRED = "odoo.http.SessionExpiredException"
LOAD = "session_redis,held_requests_of_tests"
HALF_A_DAY = 12 * 60 * 60


@dataclass
class Nodes:
    """Two servers on one database and one Redis."""

    stack: Stack
    database: str
    data: Path
    first: FrontEnd
    second: FrontEnd

    def client(self) -> Client:
        """Log in at the first node, and let it note the device."""
        client = Client(self.database)
        assert client.log_in(self.first).result["uid"]
        assert not client.check(self.first).error
        return client

    def hold(self, client: Client, name: str, meanwhile: Callable[[], None]) -> Client:
        """Do something while a request of ``client`` is held at the first node.

        Return who has the cookie that the request was answered with.
        """
        folder = self.data / "held"
        late = Client(self.database, client.sid)
        answers = []
        path = f"/held_requests_of_tests/{name}"
        thread = threading.Thread(target=lambda: answers.append(late.ask(self.first, path)))
        thread.start()
        try:
            wait_until((folder / f"{name}.begun").exists)
            meanwhile()
        finally:
            folder.mkdir(exist_ok=True)
            (folder / f"{name}.go").touch()
            thread.join()
        assert [answer.text for answer in answers] == ["held"]
        return late

    def assert_logged_out(self, *sids: str) -> None:
        for sid in sids:
            for node in (self.first, self.second):
                assert Client(self.database, sid).check(node).error == EXPIRED, sid


@pytest.fixture(scope="module")
def nodes(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    name = f"in_flight_{uuid.uuid4().hex[:8]}"
    directory = tmp_path_factory.mktemp("logs")
    variables = {**stack.redis.env, "ODOO_SESSION_REDIS_PREFIX": f"{name}-odoo-test"}
    with stack.database(name, [], {}) as data:
        first, second = (FrontEnd(stack, name, data, directory, number) for number in (0, 1))
        with (
            first.started(variables=variables, load=LOAD),
            second.started(variables=variables, load=LOAD),
        ):
            yield Nodes(stack, name, data, first, second)
            for node in (first, second):
                assert "Traceback" not in node.log.read_text()


def has_devices(nodes: Nodes) -> bool:
    return nodes.stack.odoo.series != "17.0"


def call(
    client: Client, node: FrontEnd, model: str, method: str, *args: Any, **kwargs: Any
) -> Any:
    params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
    answer = client.ask(node, f"/web/dataset/call_kw/{model}/{method}", params)
    assert not answer.error, answer
    return json.loads(answer.text).get("result")


def revoke(client: Client, node: FrontEnd, sid: str) -> None:
    """Revoke the device of a session as ``client``, like in the preferences of a user."""
    domain = [("session_identifier", "=", sid[:42])]
    devices = call(client, node, "res.device", "search", domain)
    assert devices
    check = call(client, node, "res.device", "revoke", devices)
    password = {"password": "admin"}
    call(client, node, check["res_model"], "write", [check["res_id"]], password)
    call(client, node, check["res_model"], "run_check", [check["res_id"]], context=password)
    assert not call(client, node, "res.device", "search", domain)


def test_a_held_request_does_not_undo_a_log_out(nodes: Nodes) -> None:
    client = nodes.client()
    sid = client.sid
    late = nodes.hold(client, "log-out", lambda: log_out(client, nodes.second))
    nodes.assert_logged_out(sid, late.sid)


def log_out(client: Client, node: FrontEnd) -> None:
    assert client.log_out(node).status == 200


def test_a_held_request_without_a_log_out_keeps_the_session(nodes: Nodes) -> None:
    client = nodes.client()
    sid = client.sid

    def meanwhile() -> None:
        assert client.ask(nodes.second, "/web/session/get_session_info?debug=assets", {}).result

    late = nodes.hold(client, "nothing", meanwhile)
    for one in (sid, late.sid):
        assert not Client(nodes.database, one).check(nodes.second).error


def test_a_held_request_does_not_undo_a_revocation(nodes: Nodes) -> None:
    if not has_devices(nodes):
        pytest.skip("Odoo 17.0 does not know devices")
    client, other = nodes.client(), nodes.client()
    sid = client.sid
    late = nodes.hold(client, "revoked", lambda: revoke(other, nodes.second, sid))
    nodes.assert_logged_out(sid, late.sid)
    assert not other.check(nodes.first).error


def test_no_next_id_outlives_a_revocation(nodes: Nodes) -> None:
    if nodes.stack.odoo.series != "19.0":
        pytest.skip("ids rotate by their age from Odoo 19.0 on")
    client, other = nodes.client(), nodes.client()
    sid = client.sid
    make_older(nodes, sid)

    def meanwhile() -> None:
        # this request gets the next id, which the held one does not know
        assert not client.check(nodes.second).error
        assert client.sid != sid
        revoke(other, nodes.second, sid)

    late = nodes.hold(client, "rotated", meanwhile)
    nodes.assert_logged_out(sid, client.sid, late.sid)


def make_older(nodes: Nodes, sid: str) -> None:
    """Make an id half a day old, so that the next request rotates it."""
    text = (
        "from odoo import http\n"
        f"session = http.root.session_store.get({sid!r})\n"
        f"session['create_time'] -= {HALF_A_DAY}\n"
        "http.root.session_store.save(session)\n"
    )
    prefix = {"ODOO_SESSION_REDIS_PREFIX": f"{nodes.database}-odoo-test"}
    done = nodes.first.run(
        "shell", "--no-http", variables={**nodes.stack.redis.env, **prefix}, text=text
    )
    assert done.returncode == 0 and "Traceback" not in done.stdout, done.stdout
