"""docker/kubernetes/, unchanged, with the Dockerfile, starts and serves.

The services come from compose.yaml. There is no engine here: ``containers.py`` describes what
stands for it.
"""

import os
import time
from collections.abc import Iterator, Mapping

import pytest
from support.containers import Running, eventually
from support.deployment_files import Container, Kubernetes
from support.machine import DATABASE, Machine
from support.visitor import Visitor, check_front_ends, front_door, opens_websocket


@pytest.fixture(scope="module")
def secrets(values: Mapping[str, str]) -> dict[str, str]:
    """The values that an operator writes into secret.yaml, for the same services."""
    return {
        "PGPASSWORD": values["POSTGRES_PASSWORD"],
        "ODOO_SESSION_REDIS_PASSWORD": values["REDIS_PASSWORD"],
        "AWS_ACCESS_KEY_ID": "odoo",
        "AWS_SECRET_ACCESS_KEY": values["S3_PASSWORD"],
        "ODOO_PROMETHEUS_TOKEN": os.urandom(8).hex(),
        "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": "",
    }


@pytest.fixture(scope="module")
def cluster(
    machine: Machine, services: dict[str, Container], secrets: Mapping[str, str]
) -> Iterator[dict[str, list[Running]]]:
    """The pods of the manifests, by Deployment, with the services of compose.yaml."""
    machine.up(services, "db", "redis", "s3")
    machine.addresses["postgresql"] = machine.address("db")
    manifests = Kubernetes()
    first, _second = manifests.pod("Deployment", "odoo-web", secrets)
    waiting = machine.create(first)
    waiting.start()
    (job,) = manifests.pod("Job", "odoo-install", secrets)
    install = machine.create(job)
    assert waiting.daemon.pid
    assert install.run("odoo-installed", DATABASE).returncode != 0
    install.run_to_the_end()
    eventually(lambda: waiting.daemon.pid is None)
    pods = {
        name: [pod_of(machine, name, number, secrets) for number in range(replicas)]
        for name, replicas in (
            (name, manifests["Deployment", name]["spec"]["replicas"])
            for name in ("odoo-web", "odoo-cron")
        )
    }
    for pod in all_of(pods):
        eventually(lambda pod=pod: probe(pod, "startup") == 200, seconds=120)
    for pod in pods["odoo-web"]:  # no client sends requests to the others
        eventually(lambda pod=pod: probe(pod, "readiness") == 200)
    yield pods
    machine.stop(*[pod.name for pod in all_of(pods)])


def pod_of(machine: Machine, name: str, number: int, secrets: Mapping[str, str]) -> Running:
    """Start a pod; no check may regard it as running already."""
    first, second = Kubernetes().pod("Deployment", name, secrets)
    machine.create(first, f"{name}-{number}-first").run_to_the_end()
    pod = machine.create(second, f"{name}-{number}")
    pod.start()
    assert probe(pod, "startup") is None
    return pod


def all_of(pods: Mapping[str, list[Running]]) -> list[Running]:
    return [pod for group in pods.values() for pod in group]


def probe(pod: Running, kind: str) -> int | None:
    """Ask as the kubelet does; None where no answer comes in time."""
    wanted = pod.container.probes[kind]
    visitor = Visitor(pod.address, wanted.port)
    try:
        return visitor.ask(wanted.path, timeout=wanted.timeout_seconds)[0]
    except OSError:
        return None


def test_pods_serve_logins_and_files_through_the_ingress(
    machine: Machine, cluster: dict[str, list[Running]]
) -> None:
    manifests = Kubernetes()
    machine.stop("ingress")
    configuration = machine.directory / "ingress.conf"
    configuration.write_text(ingress(machine, manifests, cluster))
    place = {"/etc/nginx/conf.d/default.conf": configuration}
    machine.create(Container("ingress", "nginx", (), {}, place)).start()
    door = front_door(machine, "ingress")
    eventually(door.is_answered)
    ports = {pod.container.ports["http"] for pod in cluster["odoo-web"]}
    assert ports <= machine.dockerfile.ports
    servers = [(pod.address, pod.container.ports["http"]) for pod in cluster["odoo-web"]]
    check_front_ends(machine, servers, "ingress")
    door.log_in()
    assert opens_websocket(door) and opens_websocket(door)
    machine.stop("ingress")


def ingress(machine: Machine, manifests: Kubernetes, cluster: Mapping[str, list[Running]]) -> str:
    """Return what a controller makes of the Ingress, for the pods that the Service selects."""
    upstreams, locations = [], []
    for number, path in enumerate(manifests.paths("odoo")):
        service, port = manifests.backend("odoo", path)
        pods = [
            pod
            for deployment, group in cluster.items()
            if service["spec"]["selector"].items()
            <= manifests.template("Deployment", deployment)["metadata"]["labels"].items()
            for pod in group
        ]
        servers = " ".join(f"server {pod.address}:{pod.container.ports[port]};" for pod in pods)
        upstreams.append(f"upstream u{number} {{ {servers} }}")
        locations.append(f"location {path} {{ proxy_pass http://u{number}; }}")
    (container_port,) = machine.published
    return "\n".join(
        [
            "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
            *upstreams,
            "server {",
            f"listen {container_port};",
            "proxy_http_version 1.1;",
            "proxy_set_header Host $http_host;",
            "proxy_set_header X-Forwarded-Host $http_host;",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
            "proxy_set_header Upgrade $http_upgrade;",
            "proxy_set_header Connection $connection_upgrade;",
            *locations,
            "}",
        ]
    )


def test_metrics_of_pods_are_where_the_pod_monitor_looks(
    cluster: dict[str, list[Running]], secrets: Mapping[str, str]
) -> None:
    (endpoint,) = Kubernetes()["PodMonitor", "odoo"]["spec"]["podMetricsEndpoints"]
    token = secrets[endpoint["authorization"]["credentials"]["key"]]
    header = f"{endpoint['authorization']['type']} {token}"
    for pod in all_of(cluster):
        visitor = Visitor(pod.address, pod.container.ports[endpoint["port"]])
        status, text = visitor.ask(endpoint["path"], Authorization=header)
        assert status == 200 and b"odoo_workers" in text
        assert visitor.ask(endpoint["path"])[0] == 401


def test_scheduled_actions_run_in_their_own_pod(
    machine: Machine, cluster: dict[str, list[Running]]
) -> None:
    database = machine.stack.postgresql
    (action,) = database.query(DATABASE, "SELECT min(id) FROM ir_cron WHERE active")
    database.query(
        DATABASE,
        "UPDATE ir_cron SET nextcall = now() - interval '1 day', lastcall = NULL"
        f" WHERE id = {action}",
    )
    ran = f"SELECT lastcall IS NOT NULL FROM ir_cron WHERE id = {action}"

    def wakes() -> bool:
        database.query("postgres", f"NOTIFY cron_trigger, '{DATABASE}'")
        return database.query(DATABASE, ran) == ["t"]

    eventually(wakes)
    workers = {
        name: [b'odoo_workers{kind="cron"}' in metrics(pod) for pod in group]
        for name, group in cluster.items()
    }
    assert workers == {"odoo-web": [False, False], "odoo-cron": [True]}


def metrics(pod: Running) -> bytes:
    token = pod.container.variables["ODOO_PROMETHEUS_TOKEN"]
    visitor = Visitor(pod.address, pod.container.ports["metrics"])
    return visitor.ask("/metrics", Authorization=f"Bearer {token}")[1]


def test_pods_that_lose_redis_are_alive_and_not_ready(
    machine: Machine, cluster: dict[str, list[Running]]
) -> None:
    redis = machine.containers["redis"]
    served = cluster["odoo-web"]
    redis.daemon.stop()
    for pod in served:
        eventually(lambda pod=pod: probe(pod, "readiness") == 503)
    for pod in all_of(cluster):
        assert probe(pod, "liveness") == 200
        assert probe(pod, "startup") == 200
    redis.start()
    for pod in served:
        eventually(lambda pod=pod: probe(pod, "readiness") == 200)


def test_pods_write_below_their_mounts_only(cluster: dict[str, list[Running]]) -> None:
    for pod in all_of(cluster):
        assert pod.written() == pod.container.mounts.keys() - {"/tmp"}


def test_the_job_updates_what_is_installed(
    machine: Machine, cluster: dict[str, list[Running]]
) -> None:
    version = "UPDATE ir_module_module SET latest_version = '0' WHERE name = 'session_redis'"
    machine.stack.postgresql.query(DATABASE, version)
    machine.containers["install"].run_to_the_end()
    sql = "SELECT latest_version FROM ir_module_module WHERE name = 'session_redis'"
    assert machine.stack.postgresql.query(DATABASE, sql) != ["0"]


def test_a_pod_ends_within_its_grace(machine: Machine, cluster: dict[str, list[Running]]) -> None:
    pod = cluster["odoo-web"][0]
    began = time.monotonic()
    assert pod.run(*pod.container.before_stop).returncode == 0
    pod.daemon.stop(grace_seconds=pod.container.grace_seconds)
    assert time.monotonic() - began < pod.container.grace_seconds
    assert pod.daemon.pid is None
