"""The files of docker/ agree with each other, and with the suite's settings."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.deployment_files import FOLDER, Container, Dockerfile, Kubernetes, compose, selected

from dev.commands import documents
from dev.manifests import manifests, variables
from dev.settings import REPOSITORY

# documented by libpq; server_environment; PostgreSQL's image; SeaweedFS; our own command of Redis
LIBPQ = {"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"}
OTHER = {
    "postgres": {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"},
    "chrislusf/seaweedfs": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "redis": {"REDIS_PASSWORD"},
    "nginx": set(),
}
VALUES = {
    "ODOO_SERIES": "19.0",
    "PROJECT": "example",
    "DATABASE": "odoo",
    "HTTP_PORT": "8080",
    "POSTGRES_PASSWORD": "a",
    "REDIS_PASSWORD": "b",
    "S3_PASSWORD": "c",
    "HEALTH_TOKEN": "",
}
PODS = (("Deployment", "odoo-web"), ("Deployment", "odoo-cron"), ("Job", "odoo-install"))


def settings_in(path: Path) -> dict[str, str]:
    """Return the lines ``name = value`` or ``name=value`` of a file."""
    return dict(re.findall(r"^(\w+) ?= ?(.*)$", path.read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Container], Any]:
    return compose(VALUES, tmp_path_factory.mktemp("compose"), "compose.x-accel.yaml")


@pytest.fixture(scope="module")
def pods() -> dict[str, list[Container]]:
    manifests = Kubernetes()
    secrets = manifests["Secret", "odoo"]["stringData"]
    return {name: manifests.pod(kind, name, secrets) for kind, name in PODS}


@pytest.fixture(scope="module")
def containers(
    services: tuple[dict[str, Container], Any], pods: Mapping[str, list[Container]]
) -> list[Container]:
    return [*services[0].values(), *[one for pod in pods.values() for one in pod]]


def test_every_variable_is_one_that_somebody_reads(containers: list[Container]) -> None:
    suite = {name for _addon, name in variables()}
    for one in containers:
        image = one.image.partition(":")[0]
        known = suite | LIBPQ | {"RUNNING_ENV"} if one.is_odoo else OTHER[image]
        assert one.variables.keys() <= known, one.name
        if image == "redis":
            assert all(f"${name}" in " ".join(one.command) for name in one.variables)


def test_services_and_clients_agree(services: tuple[dict[str, Container], Any]) -> None:
    odoo = services[0]["odoo1"].variables
    database, store = services[0]["db"].variables, services[0]["s3"].variables
    assert database["POSTGRES_USER"] == odoo["PGUSER"]
    assert database["POSTGRES_PASSWORD"] == odoo["PGPASSWORD"]
    assert services[0]["redis"].variables["REDIS_PASSWORD"] == odoo["ODOO_SESSION_REDIS_PASSWORD"]
    assert store.items() <= odoo.items()
    assert services[0]["install"].variables.items() - odoo.items() == {("ODOO_PROMETHEUS", "0")}


def test_example_of_env_names_what_compose_takes() -> None:
    example = settings_in(FOLDER / ".env.example")
    text = (FOLDER / "compose.yaml").read_text()
    assert example.keys() == set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == VALUES.keys()


def test_examples_hold_no_secret(tmp_path: Path) -> None:
    example = settings_in(FOLDER / ".env.example")
    blank = {name for name, value in example.items() if not value}
    assert blank == {name for name in example if re.search("PASSWORD|TOKEN", name)}
    assert set(Kubernetes()["Secret", "odoo"]["stringData"].values()) == {""}
    with pytest.raises(AssertionError) as refused:
        compose(example, tmp_path)
    assert all(name in str(refused.value) for name in blank if "PASSWORD" in name)


def test_what_holds_secrets_is_ignored_by_git() -> None:
    for name in ("docker/.env", "docker/kubernetes/secret.yaml"):
        command = ["git", "-c", "safe.directory=*", "check-ignore", "-q", name]
        assert subprocess.run(command, cwd=REPOSITORY).returncode == 0, name


def test_image_has_every_addon_and_no_test() -> None:
    copied = dict(Dockerfile().copies)
    addons = {name: f"/opt/addons/{name}" for name in manifests()}
    assert addons.items() <= copied.items()
    assert copied.keys() - addons.keys() == {"requirements.txt", "docker/odoo.conf", "docker/bin/"}
    assert "**/tests" in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()


def test_load_is_that_of_the_readme() -> None:
    """Before the Dockerfile's own step for 19.0, which the tests of servers carry out."""
    load = settings_in(FOLDER / "odoo.conf")["server_wide_modules"]
    [readme] = re.findall(r"^LOAD=(\S+)$", documents.README.read_text(), re.MULTILINE)
    assert readme == load.replace(",base,web,", ",base,rpc,web,")
    assert readme.count("rpc") == 1  # which 17.0 and 18.0 leave out, as the README says


def test_ports_are_those_that_odoo_listens_at(pods: Mapping[str, list[Container]]) -> None:
    odoo = settings_in(FOLDER / "odoo.conf")
    metrics = Kubernetes()["ConfigMap", "odoo"]["data"]["ODOO_PROMETHEUS_PORT"]
    assert Dockerfile().ports == {int(odoo["http_port"]), int(odoo["gevent_port"]), int(metrics)}
    used = {port for pod in pods.values() for one in pod for port in one.ports.values()}
    assert used == Dockerfile().ports


def test_nobody_is_root_and_all_agree_on_the_user(
    services: tuple[dict[str, Container], Any],
) -> None:
    image = Dockerfile()
    user, group = image.all_of("USER")[-1].split(":")
    (renumber,) = [run for run in image.all_of("RUN") if run.startswith("groupmod ")]
    assert f"--uid {user} --gid {group} odoo" in renumber
    for name in ("odoo1", "odoo2"):
        mounts = [entry for entry in services[1]["services"][name]["tmpfs"] if ":" in entry]
        assert mounts and all(entry.endswith(f":uid={user},gid={group}") for entry in mounts)
    for kind, name in PODS:
        context = Kubernetes().template(kind, name)["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert {context["runAsUser"], context["runAsGroup"], context["fsGroup"]} == {int(user)}


def test_images_are_read_only_and_what_odoo_writes_to_is_mounted(
    services: tuple[dict[str, Container], Any], containers: list[Container]
) -> None:
    data = settings_in(FOLDER / "odoo.conf")["data_dir"]
    for one in containers:
        if one.is_odoo and one.name != "wait-for-install":
            serves = one.variables.get("ODOO_PROMETHEUS") != "0"
            shared = {one.variables["PROMETHEUS_MULTIPROC_DIR"]} if serves else set()
            assert one.mounts.keys() == {"/tmp", data, *shared}, one.name
    for name in ("install", "odoo1", "odoo2"):
        assert services[1]["services"][name]["read_only"] is True
    for kind, name in PODS:
        spec = Kubernetes().template(kind, name)["spec"]
        for one in [*spec.get("initContainers", []), *spec["containers"]]:
            assert one["securityContext"]["readOnlyRootFilesystem"] is True
            assert one["securityContext"]["allowPrivilegeEscalation"] is False
            assert {"cpu", "memory"} <= one["resources"]["requests"].keys()


def test_selectors_take_the_pods_that_they_mean() -> None:
    manifests = Kubernetes()
    labels = {name: manifests.template(kind, name)["metadata"]["labels"] for kind, name in PODS}
    for key, chosen in {
        ("Deployment", "odoo-web"): {"odoo-web"},
        ("Deployment", "odoo-cron"): {"odoo-cron"},
        ("PodDisruptionBudget", "odoo-web"): {"odoo-web"},
        ("PodMonitor", "odoo"): {"odoo-web", "odoo-cron"},
    }.items():
        selector = manifests[key]["spec"]["selector"]
        assert {name for name in labels if selected(selector, labels[name])} == chosen, key
    (spread,) = manifests.template("Deployment", "odoo-web")["spec"]["topologySpreadConstraints"]
    assert selected(spread["labelSelector"], labels["odoo-web"])


def test_gateway_sends_requests_where_the_ingress_does() -> None:
    manifests = Kubernetes()
    ingress, gateway = manifests["Ingress", "odoo"]["spec"], manifests["Gateway", "odoo"]["spec"]
    route = manifests["HTTPRoute", "odoo"]["spec"]
    assert {parent["name"] for parent in route["parentRefs"]} == {"odoo"}
    (listener,) = gateway["listeners"]
    (tls,) = ingress["tls"]
    assert tls["hosts"] == route["hostnames"] == [listener["hostname"]]
    assert [cert["name"] for cert in listener["tls"]["certificateRefs"]] == [tls["secretName"]]
    expected = {}
    for path in manifests.paths("odoo"):
        service, port = manifests.backend("odoo", path)
        numbers = {one["targetPort"]: one["port"] for one in service["spec"]["ports"]}
        expected[path] = [{"name": service["metadata"]["name"], "port": numbers[port]}]
    found = {rule["matches"][0]["path"]["value"]: rule["backendRefs"] for rule in route["rules"]}
    assert found == expected


def test_alerts_find_the_metrics_of_the_pods_by_their_job() -> None:
    manifests = Kubernetes()
    spec = manifests["PodMonitor", "odoo"]["spec"]
    rules = (REPOSITORY / "monitoring_prometheus" / "alerts" / "odoo.rules.yml").read_text()
    jobs = set(re.findall(r'\bjob="([^"]*)"', rules))
    assert jobs, "OdooServerDown selects the servers by their job"
    for kind, name in PODS:
        labels = manifests.template(kind, name)["metadata"]["labels"]
        if selected(spec["selector"], labels):
            # without jobLabel the operator takes "namespace/name of the PodMonitor"
            assert {labels[spec["jobLabel"]]} == jobs, name


def test_a_server_may_end_its_requests(containers: list[Container]) -> None:
    longest = 120  # Odoo's default of limit_time_real
    assert "limit_time_real" not in settings_in(FOLDER / "odoo.conf")
    for one in containers:
        if (one.is_odoo and one.health) or one.probes:
            pause = int(one.before_stop[-1]) if one.before_stop else 0
            assert one.grace_seconds > longest + pause, one.name


def test_probes_give_the_suite_s_own_time(pods: Mapping[str, list[Container]]) -> None:
    settings = (REPOSITORY / "cloud_platform/settings.py").read_text()
    (seconds,) = re.findall(r"^DEFAULT_PROBE_SECONDS = (\d+)$", settings, re.MULTILINE)
    readiness = pods["odoo-web"][-1].probes["readiness"]
    assert readiness.timeout_seconds > int(seconds)


def test_all_pods_have_one_image(pods: Mapping[str, list[Container]]) -> None:
    assert len({one.image for pod in pods.values() for one in pod}) == 1


def test_page_names_files_that_are_there() -> None:
    page = (REPOSITORY / "docs/docker.md").read_text()
    named = set(re.findall(r"-f (\S+\.yaml)", page)) | {
        name
        for line in re.findall(r"^cp (.*?)(?: +#.*)?$", page, re.MULTILINE)
        for name in line.split()
    }
    there = {path.name for folder in ("", "kubernetes") for path in (FOLDER / folder).iterdir()}
    # the files that an operator makes from the examples
    assert named - there == {".env", "secret.yaml"}
    assert {"web.yaml", "cron.yaml", "install.yaml", "compose.x-accel.yaml"} <= named
