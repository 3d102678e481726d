"""A wrong platform: no server serves with it, and everything that repairs it still starts."""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.buckets import s3_client
from support.production import fault_proxy

from dev.instance import Instance
from dev.process import answers, free_ports
from dev.services.postgresql import PostgreSQL

# one mistake in the environment, one that shows with the database only
WRONG = {"ODOO_SESSION_REDIS_PREFIX": "e2e", "AWS_BUCKETNAME": "e2e-odoo-prodigy"}
COMPLAINTS = (
    "R4 error: ODOO_SESSION_REDIS_PREFIX must match '<client>-odoo-<env>', we got: 'e2e'",
    "F5 error (database e2e): AWS_BUCKETNAME should match '<client>-odoo-prod',"
    " we got: 'e2e-odoo-prodigy'",
)


class Server:
    """An Odoo server of a test, on the instance's database or without any."""

    def __init__(self, instance: Instance, directory: Path) -> None:
        self.instance = instance
        self.port, self.gevent_port = free_ports(29169, 2)
        self.log = directory / "log"
        self._data = directory / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str, load: str | None = None) -> list[str]:
        odoo = self.instance.stack.odoo
        options = [
            *("--addons-path", odoo.addons_path, "--data-dir", self._data),
            *("--load", load or odoo.server_wide_modules),
            *(f"--http-port={self.port}", f"--gevent-port={self.gevent_port}"),
            "--http-interface=127.0.0.1",
        ]
        return [str(part) for part in odoo.command(*arguments, *options)]

    def platform(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``odoo cloud_platform`` to its end, with the output apart from the log."""
        odoo = self.instance.stack.odoo
        command = odoo.command(f"--addons-path={odoo.addons_path}", "cloud_platform", *arguments)
        options = ("--data-dir", self._data, "--load", odoo.server_wide_modules)
        return subprocess.run(
            [str(part) for part in [*command, *options]],
            env=self.environment(variables or {}),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def run(
        self,
        *arguments: str,
        variables: Mapping[str, str],
        load: str | None = None,
        text: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run a process to its end."""
        return subprocess.run(
            self.command(*arguments, load=load),
            env=self.environment(variables),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        odoo = self.instance.stack.odoo
        return odoo.environment(**{**self.instance.variables, **variables})

    @contextlib.contextmanager
    def started(
        self, *arguments: str, variables: Mapping[str, str], load: str | None = None
    ) -> Iterator[None]:
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command(*arguments, load=load),
                env=self.environment(variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + 60
            while not answers(self.port):
                assert process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
            yield
            assert process.poll() is None, self.log.read_text()
        finally:
            process.terminate()
            process.wait(timeout=30)

    def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


@pytest.fixture
def server(prepared: Instance, tmp_path: Path) -> Server:
    return Server(prepared, tmp_path)


def seeds_load(server: Server) -> str:
    """``--load`` without ``cloud_platform``: the check runs when the registry is loaded."""
    modules = server.instance.stack.odoo.server_wide_modules.split(",")
    return ",".join(name for name in modules if name not in ("cloud_platform", "attachment_s3"))


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("optimized", ["", "1"], ids=["", "-O"])
def test_a_wrong_server_ends_before_it_listens(
    server: Server, workers: str, optimized: str
) -> None:
    done = server.run(
        *("-d", server.instance.name, f"--workers={workers}"),
        variables={**WRONG, "PYTHONOPTIMIZE": optimized},
    )
    assert done.returncode == os.EX_CONFIG, done.stdout
    for complaint in COMPLAINTS:
        assert done.stdout.count(complaint) == 1, done.stdout
    assert "HTTP service" not in done.stdout
    for name in ("AWS_SECRET_ACCESS_KEY", "ODOO_SESSION_REDIS_PASSWORD"):
        assert server.instance.variables[name] not in done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_without_the_platform_in_load_a_server_ends_when_its_database_is_loaded(
    server: Server, workers: str
) -> None:
    done = server.run(
        *("-d", server.instance.name, f"--workers={workers}"),
        variables=WRONG,
        load=seeds_load(server),
    )
    assert done.returncode == os.EX_CONFIG, done.stdout
    for complaint in COMPLAINTS:
        assert complaint in done.stdout, done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_database_on_demand_is_closed_and_ends_no_server(server: Server, workers: str) -> None:
    name = server.instance.name
    postgresql = server.instance.stack.postgresql
    wrong = {"AWS_BUCKETNAME": WRONG["AWS_BUCKETNAME"]}
    with server.started(
        f"--workers={workers}", f"--db-filter=^{name}$", variables=wrong, load=seeds_load(server)
    ):
        status, headers, text = server.get("/web/login")
        assert (status, headers.get("Retry-After")) == (503, "10"), text
        assert "prodigy" not in text
        assert server.get("/cloud_platform/live")[0] == 200
        # its cached report changes with the database: without a kind it is not judged
        sql = "UPDATE ir_config_parameter SET value = '{}' WHERE key = 'cloud.platform.kind'"
        postgresql.query(name, sql.format("") + " RETURNING id")
        try:
            deadline = time.monotonic() + 60
            while (status := server.get("/web/login")[0]) == 503 and time.monotonic() < deadline:
                time.sleep(0.5)
            assert status == 200
        finally:
            postgresql.query(name, sql.format("s3") + " RETURNING id")
    log = server.log.read_text()
    assert COMPLAINTS[1] in log
    assert "Traceback" not in log


def test_a_degraded_server_serves_and_is_not_ready(server: Server) -> None:
    variables = {
        "AWS_BUCKETNAME": WRONG["AWS_BUCKETNAME"],
        "ODOO_CLOUD_PLATFORM_DEGRADED": "1",
        "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": "let-me-see",
    }
    with server.started("-d", server.instance.name, variables=variables):
        assert server.get("/web/login")[0] == 200
        assert server.get("/cloud_platform/live")[0] == 200
        status, headers, text = server.get("/cloud_platform/ready")
        assert (status, json.loads(text)) == (503, {"status": "unready"})
        assert "Set-Cookie" not in headers
        told = server.get("/cloud_platform/ready", Authorization="Bearer let-me-see")[2]
        assert COMPLAINTS[1] in json.loads(told)["parts"][f"database {server.instance.name}"]


def test_a_right_server_is_ready(server: Server) -> None:
    with server.started("-d", server.instance.name, variables={}):
        status, headers, text = server.get("/cloud_platform/ready")
        assert (status, json.loads(text)) == (200, {"status": "ready"}), server.log.read_text()
        assert "Set-Cookie" not in headers


def test_a_standby_of_postgresql_ends_a_start(server: Server, tmp_path: Path) -> None:
    standby = PostgreSQL(tmp_path / "postgresql")
    try:
        standby.start()
        standby.stop()
        (standby._cluster / "standby.signal").touch()
        standby.start()
        assert standby.query("postgres", "SELECT pg_is_in_recovery()") == ["t"]
        done = server.run(variables=standby.env)
        assert done.returncode == os.EX_TEMPFAIL, done.stdout
        assert "PostgreSQL is a standby" in done.stdout
    finally:
        standby.clean()


def test_without_a_database_postgresql_is_needed_to_start_and_to_be_ready(server: Server) -> None:
    variables = server.instance.variables
    with fault_proxy(variables["PGHOST"], int(variables["PGPORT"])) as proxy:
        behind = {
            "PGHOST": proxy.host,
            "PGPORT": str(proxy.port),
            "ODOO_CLOUD_PLATFORM_HEALTH_TOKEN": "let-me-see",
        }
        token = {"Authorization": "Bearer let-me-see"}

        def status_becomes(expected: int) -> str:
            deadline = time.monotonic() + 60
            while True:
                status, _headers, text = server.get("/cloud_platform/ready", **token)
                if status == expected:
                    return text
                assert time.monotonic() < deadline, text
                time.sleep(0.5)

        with server.started(f"--db-filter=^{server.instance.name}$", variables=behind):
            status_becomes(200)
            proxy.refuse()
            parts = json.loads(status_becomes(503))["parts"]
            assert "PostgreSQL" in parts["postgresql"], parts
            proxy.pass_through()
            status_becomes(200)
        proxy.refuse()
        done = server.run(variables=behind)
        assert done.returncode == os.EX_TEMPFAIL, done.stdout
        assert "PostgreSQL does not answer" in done.stdout


def test_a_server_that_is_named_as_a_command_keeps_its_sessions_in_redis(server: Server) -> None:
    # 17.0 and 18.0 import session_redis for it before they read --load
    first = f"--addons-path={server.instance.stack.odoo.addons_path}"
    with server.started(first, "server", "-d", server.instance.name, variables={}):
        assert server.get("/cloud_platform/ready")[0] == 200
    assert "session_redis is not in --load" not in server.log.read_text()


def test_unsafe_starts_with_everything_wrong(server: Server) -> None:
    variables = {**WRONG, "ODOO_CLOUD_PLATFORM_UNSAFE": "1"}
    with server.started("-d", server.instance.name, variables=variables):
        assert server.get("/web/login")[0] == 200
    assert "cloud platform checks disabled, this is not safe" in server.log.read_text()


def test_what_stops_by_itself_only_warns(server: Server) -> None:
    for arguments, text in (
        (("shell", "-d", server.instance.name, "--no-http"), "print('uid is', env.uid)\n"),
        (("-d", server.instance.name, "--no-http", "--stop-after-init"), ""),
    ):
        done = server.run(*arguments, variables=WRONG, text=text)
        assert done.returncode == 0, done.stdout
        assert all(complaint in done.stdout for complaint in COMPLAINTS), done.stdout
        assert "CRITICAL" not in done.stdout
        assert "uid is 1" in done.stdout or not text


def test_a_host_without_the_variables_of_the_store_updates_with_a_warning(
    server: Server,
) -> None:
    names = [name for name in server.instance.variables if name.startswith("AWS_")]
    name = server.instance.name
    for load in (None, "base,web"):
        done = server.run(
            *("-d", name, "-u", "cloud_platform_s3", "--no-http", "--stop-after-init"),
            variables=dict.fromkeys(names, ""),
            load=load,
        )
        assert done.returncode == 0, done.stdout
        assert "F3 error" in done.stdout, done.stdout
        assert "CRITICAL" not in done.stdout
        assert "Traceback" not in done.stdout


def test_the_command_checks_with_an_exit_status_for_containers(server: Server) -> None:
    name = server.instance.name
    right = server.platform("check", "-d", name, "--json")
    assert right.returncode == 0, right.stderr
    assert json.loads(right.stdout)["ok"]
    wrong = server.platform("check", "-d", name, "--json", variables=WRONG)
    assert wrong.returncode == os.EX_CONFIG, wrong.stderr
    found = [finding["id"] for finding in json.loads(wrong.stdout)["findings"]]
    assert {"R4", "F5"} <= set(found)
    text = server.platform("check", "-d", name, variables=WRONG).stdout
    assert all(complaint in text for complaint in COMPLAINTS)
    down = {"AWS_HOST": f"http://127.0.0.1:{server.port}"}
    assert server.platform("check", "-d", name, variables=down).returncode == os.EX_TEMPFAIL
    forged = {"AWS_SECRET_ACCESS_KEY": "forged"}
    refused = server.platform("check", "-d", name, variables=forged)
    assert refused.returncode == os.EX_CONFIG
    assert "store-refuses" in refused.stdout and "forged" not in refused.stdout


def test_a_store_that_takes_no_writes_is_found_and_ends_a_start(server: Server) -> None:
    name = server.instance.name
    reader = server.instance.stack.seaweedfs.env("reader")
    found = server.platform("check", "-d", name, variables=reader)
    assert (found.returncode, "store-refuses" in found.stdout) == (os.EX_CONFIG, True), found
    started = server.run("-d", name, variables=reader)
    assert (started.returncode, "refused a probe" in started.stdout) == (os.EX_CONFIG, True)
    unasked = {**reader, "ODOO_CLOUD_PLATFORM_PROBES": "0"}
    assert server.platform("check", "-d", name, variables=unasked).returncode == 0


def test_a_probe_leaves_nothing_behind(server: Server) -> None:
    name = server.instance.name
    bucket = server.instance.variables["AWS_BUCKETNAME"]
    client = s3_client(server.instance.variables)

    def keys() -> set[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"] for page in pages for entry in page["Contents"]}

    before = keys()
    assert server.platform("check", "-d", name).returncode == 0
    assert keys() == before


def test_the_command_installs_moves_and_tells(server: Server) -> None:
    name = server.instance.name
    planned = server.platform("install", "-d", name, "--dry-run", "--json")
    assert json.loads(planned.stdout)["dry_run"] is True, planned.stderr
    done = server.platform("install", "-d", name, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["attachments"]["failed"] == []
    assert server.platform("move", "-d", name, "--limit", "5").returncode == 0
    status = json.loads(server.platform("status", "-d", name, "--json").stdout)
    assert (status["location"], status["sessions"]) == ("s3", "Redis")
    assert status["storages"][f"s3://{name}-odoo-prod"]["files"] > 0
    assert "file" not in status["storages"]


def test_the_command_explains_itself_and_wants_a_database(server: Server) -> None:
    assert "check" in server.platform("--help").stdout
    missing = server.platform("status")
    assert (missing.returncode, "-d DATABASE" in missing.stderr) == (os.EX_USAGE, True)


def assert_error(done: subprocess.CompletedProcess[str], status: int, words: str) -> None:
    """Check an answer that is one line for people and JSON for programs."""
    assert done.returncode == status, (done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert words in answer["error"], answer
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if words in line], done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--dry-run"),
        ("status", "--kind", "s3"),
        ("move", "--days", "3"),
        ("move", "--limit", "-5"),
        ("move", "--limit", "0"),
        ("collect", "--days", "-1"),
        ("reconcile", "--margin-hours", "nan"),
        ("uninstall", "--to", "s3"),
        ("unknown",),
    ],
    ids=" ".join,
)
def test_the_command_takes_the_options_that_it_honours_and_no_others(
    server: Server, arguments: tuple[str, ...]
) -> None:
    done = server.platform(*arguments, "-d", server.instance.name, "--json")
    assert_error(done, os.EX_USAGE, arguments[-1] if len(arguments) == 1 else "")


@pytest.mark.parametrize("action", ["check", "status", "collect", "install"])
def test_a_command_that_cannot_look_says_so(server: Server, action: str) -> None:
    name = server.instance.name
    mistyped = server.platform(action, "-d", f"{name}x", "--json")
    assert_error(mistyped, os.EX_CONFIG, f"{name}x")
    foreign = server.platform(action, "-d", "postgres", "--json")
    assert_error(foreign, os.EX_CONFIG, "is not a database of Odoo")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = {"PGHOST": "127.0.0.1", "PGPORT": str(closed.getsockname()[1])}
        down = server.platform(action, "-d", name, "--json", variables=away)
        assert_error(down, os.EX_TEMPFAIL, "PostgreSQL")
        if action == "check":
            away = {"ODOO_SESSION_REDIS_HOST": "127.0.0.1"}
            away["ODOO_SESSION_REDIS_PORT"] = str(closed.getsockname()[1])
            down = server.platform(action, "-d", name, "--json", variables=away)
            assert_error(down, os.EX_TEMPFAIL, "Redis")


def test_anthem_installs_by_the_ready_song(server: Server, tmp_path: Path) -> None:
    odoo = server.instance.stack.odoo
    own = tmp_path / "songs_of_mine.py"
    own.write_text(
        "def main(ctx):\n    print('kind', ctx.env['cloud.platform'].install()['kind'])\n"
    )
    for target, told in (
        ("odoo.addons.cloud_platform.songs::install", "'location': 's3'"),
        ("songs_of_mine::main", "kind s3"),
    ):
        environment = server.environment({})
        environment["PYTHONPATH"] += f":{tmp_path}"
        done = subprocess.run(
            [
                *(str(odoo.venv.python.parent / "anthem"), target, "-d", server.instance.name),
                *("--addons-path", odoo.addons_path, "--load", odoo.server_wide_modules),
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout
        assert told in done.stdout, done.stdout


def test_click_odoo_installs_by_a_script(server: Server, tmp_path: Path) -> None:
    odoo = server.instance.stack.odoo
    script, configuration = tmp_path / "install.py", tmp_path / "odoo.conf"
    script.write_text("print('kind', env['cloud.platform'].install()['kind'])\n")
    configuration.write_text(
        f"[options]\naddons_path = {odoo.addons_path}\n"
        f"server_wide_modules = {odoo.server_wide_modules}\ndata_dir = {tmp_path}\n"
    )
    environment = server.environment({})
    done = subprocess.run(
        [
            *(str(odoo.venv.python.parent / "click-odoo"), "-c", str(configuration)),
            *("-d", server.instance.name, str(script)),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert (done.returncode, "kind s3" in done.stdout) == (0, True), done.stdout
