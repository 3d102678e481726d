"""SeaweedFS: the S3 server, one process for all of its parts."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..console import step
from ..process import Daemon, free_ports
from ..settings import child_environment

# name of an identity -> its permissions; "odoo" may not create or drop a bucket
IDENTITIES = {
    "admin": ["Admin", "Read", "Write", "List", "Tagging"],
    "odoo": ["Read", "Write", "List", "Tagging"],
    "reader": ["Read", "List"],
}

# buckets are also found in names of hosts below this one; no DNS has to know them
DOMAIN = "s3.example.com"


class SeaweedFS:
    def __init__(self, directory: Path, program: Path) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self.program = program
        self._port = directory / "port"
        self._filer_port = directory / "filer-port"
        self._identities = directory / "s3.json"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port.read_text()}"

    def env(self, identity: str = "admin") -> Mapping[str, str]:
        """The variables of ``attachment_s3`` that reach this server, but for the bucket."""
        return {
            "AWS_HOST": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": identity,
            "AWS_SECRET_ACCESS_KEY": self._secret(identity),
        }

    @property
    def client(self) -> Mapping[str, Any]:
        """The settings of a client."""
        users = {
            name: {"access_key": name, "secret_key": self._secret(name)} for name in IDENTITIES
        }
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "users": users,
            "domain": DOMAIN,
        }

    def start(self) -> None:
        if self.daemon.pid is not None:
            return
        with step("Starting SeaweedFS (S3)"):
            data = self.directory / "data"
            data.mkdir(parents=True, exist_ok=True)
            if not self._identities.exists():
                self._write_identities()
            # by default each bucket takes seven volumes at once
            growth = "[master.volume_growth]\ncopy_1 = 1\n"
            (self.directory / "master.toml").write_text(growth)
            s3, filer, *others = free_ports(8333, 8)
            self._port.write_text(str(s3))
            self._filer_port.write_text(str(filer))
            self.daemon.start(
                [self.program, *self._options(data, s3, filer, *others)],
                ready=self._answers,
                env=child_environment(),
            )

    def stop(self) -> None:
        # an orderly stop takes 17 s, and its data need not be saved
        self.daemon.stop(grace_seconds=0.5)

    def drop(self, project: str) -> None:
        """Remove the buckets of a project with all that is in them."""
        entries = self._filer("GET", f"?limit=10000&namePattern={project}-*").get("Entries")
        for entry in entries or ():
            self._filer("DELETE", f"{Path(entry['FullPath']).name}?recursive=true")

    def _filer(self, method: str, path: str) -> dict[str, Any]:
        """Ask the part that knows the names: S3 would delete object by object."""
        url = f"http://127.0.0.1:{self._filer_port.read_text()}/buckets/{path}"
        headers = {"Accept": "application/json"}
        request = urllib.request.Request(url, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.loads(answer.read() or "{}"))

    def _options(self, data: Path, s3: int, *ports: int) -> list[str]:
        filer, s3_grpc, master, master_grpc, volume, volume_grpc, filer_grpc = ports
        return [
            f"-logdir={self.directory}",
            "server",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            f"-master.port.grpc={master_grpc}",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            "-master.resumeState=false",
            "-master.volumeSizeLimitMB=256",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume_grpc}",
            # each bucket takes one; 0 would give as many as the disk takes when they are full,
            # and a bucket more refuses every object
            "-volume.max=10000",
            "-volume.minFreeSpace=64MiB",
            "-volume.preStopSeconds=0",
            "-filer",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer_grpc}",
            "-filer.localSocket=filer.sock",  # relative: a socket's path has a short limit
            "-s3",
            f"-s3.port={s3}",
            f"-s3.domainName={DOMAIN}",
            f"-s3.port.grpc={s3_grpc}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            f"-s3.config={self._identities}",
        ]

    def _answers(self) -> bool:
        """Return True if requests are checked: the port opens before the keys are loaded."""
        try:
            urllib.request.urlopen(self.endpoint, timeout=1)
        except urllib.error.HTTPError as error:
            return error.code == 403
        except OSError:
            pass
        return False

    def _write_identities(self) -> None:
        identities = [
            {
                "name": name,
                "credentials": [{"accessKey": name, "secretKey": secrets.token_urlsafe(16)}],
                "actions": actions,
            }
            for name, actions in IDENTITIES.items()
        ]
        self._identities.touch(mode=0o600)
        self._identities.write_text(json.dumps({"identities": identities}, indent=1))

    def _secret(self, identity: str) -> str:
        identities = json.loads(self._identities.read_text())["identities"]
        found = next(entry for entry in identities if entry["name"] == identity)
        return str(found["credentials"][0]["secretKey"])
