"""docker/compose.yaml, unchanged, with the Dockerfile and nginx.conf, starts and serves.

There is no engine here: ``containers.py`` says what stands for it.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

import pytest
from support.containers import eventually
from support.deployment_files import Container, Kubernetes, compose
from support.machine import DATABASE, Machine
from support.visitor import PDF, Visitor, check_front_ends, front_door, opens_websocket

from dev.settings import REPOSITORY

READY = "/cloud_platform/ready"
# core's first lines are text, as the page of logging_json says; the container's user is not root
TEXT = r"[\d-]+ [\d:,]+ \d+ INFO \? odoo: |Running as user 'root' is a security risk\.$"
TEXT_OF_17 = rf"{TEXT}|[\d-]+ [\d:,]+ \d+ INFO \? odoo\.addons\.base\.models\.ir_actions_report: "


@pytest.fixture(scope="module")
def running(machine: Machine, services: dict[str, Container]) -> Iterator[Machine]:
    """The whole of compose.yaml, in the order that it wants."""
    machine.up(services, *services)
    eventually(front_door(machine).is_answered)
    yield machine
    machine.stop("nginx", "odoo1", "odoo2")


def test_both_front_ends_of_compose_serve_logins_and_files(running: Machine) -> None:
    servers = [(running.address(name), 8069) for name in ("odoo1", "odoo2")]
    check_front_ends(running, servers, "nginx")


def test_nginx_of_compose_opens_websockets_on_both(running: Machine) -> None:
    visitor = front_door(running)
    visitor.log_in()
    assert opens_websocket(visitor) and opens_websocket(visitor)


def test_a_front_end_of_compose_that_is_killed_is_left_out(
    running: Machine, services: dict[str, Container]
) -> None:
    visitor = front_door(running)
    visitor.log_in()
    running.stop("odoo2")
    for _turn in range(4):
        assert visitor.ask("/web/login")[0] in (200, 303)
    assert opens_websocket(visitor)
    running.up(services, "odoo2")


def test_front_ends_learn_the_visitor_s_address(running: Machine) -> None:
    source = running.address("a visitor")
    door = front_door(running)
    Visitor(door.address, door.port, source=source).ask("/web/login")
    logs = [running.containers[name].log.read_text() for name in ("odoo1", "odoo2")]
    assert any(source in log for log in logs)


def test_logs_of_compose_are_json(running: Machine) -> None:
    text = TEXT_OF_17 if running.stack.odoo.series == "17.0" else TEXT
    for name in ("odoo1", "odoo2"):
        assert Visitor(running.address(name), 8069).ask("/web/login")[0] == 200
        lines = running.containers[name].log.read_text().splitlines()
        records = [json.loads(line) for line in lines if not re.match(text, line)]
        assert any(record.get("http_route") for record in records)


def test_metrics_of_compose_have_a_port_and_are_hidden_by_nginx(running: Machine) -> None:
    variables = running.containers["odoo1"].container.variables
    port = int(variables["ODOO_PROMETHEUS_PORT"])
    assert port in running.dockerfile.ports
    for name in ("odoo1", "odoo2"):
        assert Visitor(running.address(name), 8069).ask("/web/login")[0] == 200
        status, text = Visitor(running.address(name), port).ask("/metrics")
        assert status == 200 and b"odoo_http_request_duration_seconds" in text
    assert front_door(running).ask("/metrics")[0] == 404


def test_containers_of_compose_write_below_their_mounts_only(
    running: Machine, values: Mapping[str, str]
) -> None:
    odoo = running.containers["odoo1"]
    before = odoo.files_outside()
    visitor = Visitor(odoo.address, 8069)
    visitor.log_in()
    visitor.upload(PDF)
    assert odoo.files_outside() == before
    # /tmp is for what a request needs for a moment
    assert odoo.written() == odoo.container.mounts.keys() - {"/tmp"}
    # a move leaves the files of the first installation in the volume, and no row has one
    local = "SELECT count(*) FROM ir_attachment WHERE store_fname NOT LIKE 's3://%'"
    assert running.stack.postgresql.query(DATABASE, local) == ["0"]


def test_compose_s_servers_are_not_ready_while_redis_is_away(
    running: Machine, values: Mapping[str, str]
) -> None:
    odoo, redis = running.containers["odoo1"], running.containers["redis"]
    visitor = Visitor(odoo.address, 8069)
    assert visitor.ask(READY)[0] == 200
    token = f"Bearer {values['HEALTH_TOKEN']}"

    def misses_redis() -> bool:  # each worker keeps its result for a moment
        status, told = visitor.ask(READY, Authorization=token)
        return status == 503 and json.loads(told)["parts"]["sessions"] != "ok"

    redis.daemon.stop()
    try:
        eventually(misses_redis)
        assert odoo.is_healthy()
    finally:
        redis.start()
    eventually(lambda: visitor.ask(READY)[0] == 200)


def test_install_of_compose_may_run_again(running: Machine) -> None:
    install = running.containers["install"]
    assert install.run("odoo-installed", DATABASE).returncode == 0
    assert install.run("odoo-installed", "postgres").returncode != 0
    assert "location: s3" in install.run_to_the_end()


def test_commands_of_the_page_run(running: Machine, services: dict[str, Container]) -> None:
    page = (REPOSITORY / "docs/docker.md").read_text()
    commands = re.findall(r"^docker compose run --rm (\w+) (.*)$", page, re.MULTILINE)
    assert {service for service, _arguments in commands} == {"odoo1", "install"}
    manifests = Kubernetes()
    (job,) = manifests.pod("Job", "odoo-install", manifests["Secret", "odoo"]["stringData"])
    for service, arguments in commands:
        command = [services[service].command[0], *shlex.split(arguments)]
        if command == job.command:
            continue  # an update takes long, and test_docker_kubernetes.py runs the Job's
        done = running.containers[service].run(*command)
        assert done.returncode == 0, done.stdout[-4000:]


def test_nginx_of_compose_sends_files_itself(
    running: Machine, values: Mapping[str, str], services: dict[str, Container]
) -> None:
    running.stop("nginx", "odoo1", "odoo2")
    direct, _whole = compose(values, running.directory, "compose.x-accel.yaml")
    running.up(direct, "odoo1", "odoo2", "nginx")
    eventually(front_door(running).is_answered)
    visitor = front_door(running)
    visitor.log_in()
    attachment = visitor.upload(PDF)
    assert visitor.ask(f"/web/content/{attachment}") == (200, PDF)
    log = running.directory / "nginx/access.log"
    # nginx writes a line when the visitor has the answer already
    eventually(lambda: "/_object_of_store" in log.read_text())
    (line,) = [line for line in log.read_text().splitlines() if "/_object_of_store" in line]
    assert line.endswith(f"{running.address('s3')}:8333")
    running.stop("nginx", "odoo1", "odoo2")
