"""The content of docker/: the image, the services of Compose, the pods of Kubernetes."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dev.settings import REPOSITORY, child_environment

FOLDER = REPOSITORY / "docker"
IMAGE = "odoo-cloud-platform"


@dataclass(frozen=True)
class Probe:
    """A request that reports the state of a container."""

    path: str
    port: int
    timeout_seconds: int


@dataclass(frozen=True)
class Container:
    """A container, described by Compose or by Kubernetes."""

    name: str
    image: str
    command: Sequence[str]
    variables: Mapping[str, str]
    # path in the container -> file of the repository, or None for a folder that begins empty
    mounts: Mapping[str, Path | None]
    health: Sequence[str] = ()
    probes: Mapping[str, Probe] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    before_stop: Sequence[str] = ()
    grace_seconds: int = 10
    waits_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_odoo(self) -> bool:
        return self.image.partition(":")[0] == IMAGE


class Dockerfile:
    """The instructions of ``docker/Dockerfile`` that the tests carry out or compare."""

    def __init__(self) -> None:
        text = (FOLDER / "Dockerfile").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        joined = "\n".join(lines).replace("\\\n", " ")
        pairs = [line.split(None, 1) for line in joined.splitlines() if line.strip()]
        self.instructions = [(word, rest.strip()) for word, rest in pairs]

    def all_of(self, word: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == word]

    def command(self, word: str) -> list[str]:
        """Return ENTRYPOINT or CMD, which are lists in JSON."""
        return list(json.loads(self.all_of(word)[-1]))

    @property
    def health(self) -> list[str]:
        return list(json.loads(self.all_of("HEALTHCHECK")[0].partition(" CMD ")[2]))

    @property
    def copies(self) -> list[tuple[str, str]]:
        """Each source in the repository with its place in the image."""
        words = [shlex.split(rest) for rest in self.all_of("COPY")]
        pairs = [[word for word in line if not word.startswith("--")] for line in words]
        return [(source, target) for source, target in pairs]

    @property
    def ports(self) -> set[int]:
        return {int(port) for rest in self.all_of("EXPOSE") for port in rest.split()}


def compose(
    values: Mapping[str, str], directory: Path, *more_files: str
) -> tuple[dict[str, Container], Any]:
    """Return the containers of compose.yaml, as Compose itself reads it, and the whole of it."""
    environment = directory / "values.env"
    environment.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    files = [part for name in ("compose.yaml", *more_files) for part in ("-f", FOLDER / name)]
    program = Path(sys.executable).parent / "docker-compose"
    command = [program, "--env-file", environment, *files, "config", "--format", "json"]
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=child_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert "WARN" not in done.stderr.upper(), done.stderr
    whole = json.loads(done.stdout)
    image = Dockerfile()
    services = whole["services"].items()
    return {name: _service(name, service, image) for name, service in services}, whole


def _service(name: str, service: Mapping[str, Any], image: Dockerfile) -> Container:
    odoo = service["image"].partition(":")[0] == IMAGE
    entrypoint = service.get("entrypoint") or (image.command("ENTRYPOINT") if odoo else [])
    check = service.get("healthcheck", {})
    test = [] if check.get("disable") else check.get("test", image.health if odoo else [])
    return Container(
        name=name,
        image=service["image"],
        # Compose keeps "$$", which stands for a "$"
        command=[part.replace("$$", "$") for part in [*entrypoint, *(service["command"] or [])]],
        variables=service.get("environment") or {},
        mounts=_mounts(service),
        health=_check(test),
        grace_seconds=_seconds(service.get("stop_grace_period", "10s")),
        waits_for={
            other: wait["condition"] for other, wait in service.get("depends_on", {}).items()
        },
    )


def _seconds(duration: str) -> int:
    """Return the seconds of a duration as Compose writes it: ``2m10s``."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


def _mounts(service: Mapping[str, Any]) -> dict[str, Path | None]:
    mounts: dict[str, Path | None] = {
        entry.partition(":")[0]: None for entry in service.get("tmpfs", [])
    }
    for volume in service.get("volumes", []):
        bound = volume["type"] == "bind"
        mounts[volume["target"]] = Path(volume["source"]) if bound else None
    return mounts


def _check(test: Sequence[str]) -> list[str]:
    if test and test[0] == "CMD-SHELL":
        return ["sh", "-c", test[1].replace("$$", "$")]
    return [part.replace("$$", "$") for part in test if part != "CMD"]


class Kubernetes:
    """The manifests, by kind and name."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        for path in sorted((FOLDER / "kubernetes").glob("*.yaml")):
            for document in yaml.safe_load_all(path.read_text()):
                self.objects[document["kind"], document["metadata"]["name"]] = document

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        return self.objects[key]

    def template(self, kind: str, name: str) -> dict[str, Any]:
        return dict(self[kind, name]["spec"]["template"])

    def pod(self, kind: str, name: str, secrets: Mapping[str, str]) -> list[Container]:
        """Return the containers of a pod; those that run before the others come first.

        :param secrets: the values of the Secret, which the file leaves blank
        """
        template = self.template(kind, name)
        pod = template["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        containers = [*pod.get("initContainers", []), *pod["containers"]]
        return [self._container(pod, one, volumes, secrets) for one in containers]

    def _container(
        self, pod: Mapping[str, Any], one: Any, volumes: set[str], secrets: Mapping[str, str]
    ) -> Container:
        image = Dockerfile()
        ports = {port["name"]: port["containerPort"] for port in one.get("ports", [])}
        mounts = one.get("volumeMounts", [])
        assert {mount["name"] for mount in mounts} <= volumes
        return Container(
            name=one["name"],
            image=one["image"],
            command=[*one.get("command", image.command("ENTRYPOINT")), *one.get("args", [])],
            variables=self._variables(one, secrets),
            mounts={mount["mountPath"]: None for mount in mounts},
            probes={
                kind: _probe(one[f"{kind}Probe"], ports)
                for kind in ("startup", "liveness", "readiness")
                if f"{kind}Probe" in one
            },
            ports=ports,
            before_stop=one.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
            or (),
            grace_seconds=pod.get("terminationGracePeriodSeconds", 30),
        )

    def _variables(self, one: Any, secrets: Mapping[str, str]) -> dict[str, str]:
        variables: dict[str, str] = {}
        for source in one.get("envFrom", []):
            if "configMapRef" in source:
                variables |= self["ConfigMap", source["configMapRef"]["name"]]["data"]
            else:
                names = self["Secret", source["secretRef"]["name"]]["stringData"]
                assert names.keys() == secrets.keys()
                variables |= secrets
        return variables | {entry["name"]: entry["value"] for entry in one.get("env", [])}

    def backend(self, ingress: str, path: str) -> tuple[dict[str, Any], str]:
        """Return the Service behind a path of the Ingress, and the name of the pods' port."""
        rules = self["Ingress", ingress]["spec"]["rules"]
        paths = {
            entry["path"]: entry["backend"] for rule in rules for entry in rule["http"]["paths"]
        }
        wanted = paths[path]["service"]
        service = self["Service", wanted["name"]]
        ports = {port["name"]: port["targetPort"] for port in service["spec"]["ports"]}
        return service, ports[wanted["port"]["name"]]

    def paths(self, ingress: str) -> list[str]:
        rules = self["Ingress", ingress]["spec"]["rules"]
        return [entry["path"] for rule in rules for entry in rule["http"]["paths"]]


def _probe(probe: Mapping[str, Any], ports: Mapping[str, int]) -> Probe:
    request = probe["httpGet"]
    return Probe(request["path"], ports[request["port"]], probe["timeoutSeconds"])


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return True if a selector of Kubernetes selects an object with these labels."""
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    among = all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", [])
    )
    return equal and among
