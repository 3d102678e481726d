"""``odoo cloud_platform``: dry runs change nothing, real runs do what a dry run has announced."""

import fcntl
import hashlib
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.buckets import s3_client
from test_platform import Server

from dev.instance import Instance
from dev.settings import REPOSITORY

TABLES = ("ir_attachment", "ir_attachment_garbage", "ir_config_parameter", "ir_module_module")
ATTACHMENT = (
    "INSERT INTO ir_attachment (name, type, mimetype, checksum, file_size, store_fname, db_datas)"
    " VALUES ('test', 'binary', 'application/pdf', '{sha1}', 4, {fname}, {content}) RETURNING id"
)
MISSING_FILE = {"sha1": "0" * 40, "fname": f"'00/{'0' * 40}'", "content": "NULL"}
IN_DATABASE = {"sha1": hashlib.sha1(b"text").hexdigest(), "fname": "NULL", "content": "'text'"}
FORMER = "INSERT INTO ir_module_module (name, state) VALUES ('monitoring_status', 'installed')"


@pytest.fixture
def server(prepared: Instance, tmp_path: Path) -> Server:
    return Server(prepared, tmp_path)


class State:
    """The rows, parameters and objects of a database."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._name = server.instance.name
        self._s3 = s3_client(server.instance.variables)
        self._bucket = server.instance.variables["AWS_BUCKETNAME"]

    def query(self, sql: str) -> list[str]:
        return self._server.instance.stack.postgresql.query(self._name, sql)

    def now(self) -> dict[str, Any]:
        state: dict[str, Any] = {name: self.query(f"TABLE {name} ORDER BY id") for name in TABLES}
        listed = self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", [])
        state["objects"] = [(entry["Key"], entry["LastModified"]) for entry in listed]
        return state

    def insert(self, values: dict[str, str]) -> None:
        self.query(ATTACHMENT.format(**values))

    def make_flat_object(self) -> None:
        name = hashlib.sha1(b"flat").hexdigest()
        self._s3.put_object(Bucket=self._bucket, Key=name, Body=b"flat")
        self.insert({"sha1": name, "fname": f"'s3://{self._bucket}/{name}'", "content": "NULL"})

    def make_orphan(self) -> None:
        sql = "SELECT value FROM ir_config_parameter WHERE key = 'ir_attachment.storage.owner'"
        prefix = json.loads(self.query(sql)[0])["prefix"]
        digest = hashlib.sha256(b"orphan").hexdigest()
        key = f"{prefix}/{digest[:2]}/{digest}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=b"orphan")


def files_are_moved(planned: Any, done: Any) -> bool:
    plan, moved = planned.get("attachments", planned), done.get("attachments", done)
    return bool(plan["files"] == moved["moved"] + len(moved["failed"]) > 0)


def owner_is_new(planned: Any, done: Any) -> bool:
    expected, owner = planned["new_owner"], done["new_owner"]
    if expected["prefix"] == "a new one":
        assert owner["prefix"] not in (planned["present"]["prefix"], expected["prefix"])
        expected["prefix"] = owner["prefix"]
    return bool(expected == owner)


# action, options, what there is to do, and the comparison of announcement and result
DRY_RUNS: list[tuple[str, list[str], Callable[[State], Any], Callable[[Any, Any], bool]]] = [
    ("migrate", [], lambda state: state.query(FORMER + " RETURNING id"),
     lambda planned, done: planned["removed"] == done["removed"] != {}),
    ("move", [], lambda state: state.insert(IN_DATABASE), files_are_moved),
    ("move", ["--own-keys"], State.make_flat_object, files_are_moved),
    ("reconcile", ["--margin-hours", "0"], State.make_orphan,
     lambda planned, done: planned["orphans"] == done["marked"] == 1),
    ("collect", ["--days", "0"], lambda state: None,
     lambda planned, done: planned["deleted"] == done["deleted"] >= 1),
    ("uninstall", ["--to", "db"], lambda state: None, files_are_moved),
    ("install", ["--kind", "s3"], lambda state: None, files_are_moved),
    ("fork", [], lambda state: None, owner_is_new),
    ("adopt", [], lambda state: None, owner_is_new),
]  # fmt: skip


def test_a_dry_run_changes_nothing_and_announces_what_the_command_does(server: Server) -> None:
    state, name = State(server), server.instance.name
    for action, options, prepare, agree in DRY_RUNS:
        prepare(state)
        before = state.now()
        dry = server.platform(action, "-d", name, *options, "--dry-run", "--json")
        assert dry.returncode == 0, (action, dry.stdout, dry.stderr)
        assert state.now() == before, action
        done = server.platform(action, "-d", name, *options, "--json")
        assert done.returncode == 0, (action, done.stdout, done.stderr)
        planned = json.loads(dry.stdout)
        assert planned["dry_run"] is True, action
        assert agree(planned, json.loads(done.stdout)), (action, dry.stdout, done.stdout)
    before = state.now()
    for action in ("check", "status"):
        assert server.platform(action, "-d", name).returncode == 0
        refused = server.platform(action, "-d", name, "--dry-run")
        assert refused.returncode == os.EX_USAGE
    assert state.now() == before
    source = (REPOSITORY / "cloud_platform/commands/actions.py").read_text()
    [listed] = re.findall(r"ACTIONS = \{.*?for action in \((.*?)\n    \)", source, re.DOTALL)
    assert {row[0] for row in DRY_RUNS} | {"check", "status"} >= set(re.findall(r"\w+", listed))


def test_install_with_a_missing_local_file_is_done_with_a_warning(server: Server) -> None:
    state, name = State(server), server.instance.name
    state.insert(MISSING_FILE)
    try:
        done = server.platform("install", "-d", name, "--json")
        assert done.returncode == 0, done.stderr
        [(number, _reason)] = json.loads(done.stdout)["attachments"]["failed"]
        assert "warning: the platform is set up, 1 files were not moved" in done.stderr
        assert f"attachment {number}: " in done.stderr
        strict = server.platform("install", "-d", name, "--strict")
        assert strict.returncode == os.EX_NOINPUT, strict.stderr
        moved = server.platform("move", "-d", name)
        assert moved.returncode == os.EX_CONFIG, moved.stderr
    finally:
        state.query(f"DELETE FROM ir_attachment WHERE checksum = '{'0' * 40}' RETURNING id")
    wrong = {"AWS_BUCKETNAME": "e2e-odoo-prodigy"}
    refused = server.platform("install", "-d", name, variables=wrong)
    assert refused.returncode == os.EX_CONFIG, refused.stderr


@pytest.mark.parametrize("action", ["collect", "reconcile", "install"])
def test_a_store_that_does_not_answer_is_a_reason_to_try_again(
    server: Server, action: str
) -> None:
    down = {"AWS_HOST": f"http://127.0.0.1:{server.port}"}
    done = server.platform(action, "-d", server.instance.name, "--json", variables=down)
    assert done.returncode == os.EX_TEMPFAIL, (done.stdout, done.stderr)


def interruptible() -> None:
    """Accept SIGINT, which a shell lets the programs ignore that it starts in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interrupted_command_ends_with_one_sentence(server: Server, tmp_path: Path) -> None:
    odoo = server.instance.stack.odoo
    with socket.socket() as silent, (tmp_path / "stderr").open("w+") as errors:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        command = [*odoo.command(f"--addons-path={odoo.addons_path}", "cloud_platform")]
        command += ["reconcile", "-d", server.instance.name, "--data-dir", tmp_path]
        command += ["--load", odoo.server_wide_modules]
        process = subprocess.Popen(
            [str(part) for part in command],
            env=server.environment({"AWS_HOST": f"http://127.0.0.1:{silent.getsockname()[1]}"}),
            stdout=subprocess.PIPE,
            stderr=errors,
            preexec_fn=interruptible,
        )
        silent.settimeout(60)
        with silent.accept()[0]:  # it waits for the store
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        errors.seek(0)
        text = errors.read()
    assert process.returncode == 130, text
    assert text.count("interrupted: run the same command again") == 1, text
    assert "Traceback" not in text


def test_a_terminal_gets_a_bar(server: Server, tmp_path: Path) -> None:
    state = State(server)
    state.insert(IN_DATABASE)
    odoo = server.instance.stack.odoo
    command = [*odoo.command(f"--addons-path={odoo.addons_path}", "cloud_platform")]
    command += ["install", "-d", server.instance.name, "--data-dir", tmp_path]
    command += ["--load", odoo.server_wide_modules]
    master, terminal = pty.openpty()
    # a new one has no columns
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [str(part) for part in command],
        env=server.environment({}),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown, deadline = b"", time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the terminal is closed
                break
    os.close(master)
    assert process.returncode == 0, shown
    assert re.search(rb"install: +100%\|.* files/s\]|install: +100%\|.*files\]", shown), shown


def examples(text: str) -> list[str]:
    return re.findall(r"^ +odoo cloud_platform (.*)$", text, re.MULTILINE)


def test_each_example_of_the_help_is_accepted(server: Server) -> None:
    done = server.platform("--help")
    assert done.returncode == 0, done.stderr
    assert [task for task in ("Set up", "Files", "Copies", "Watch") if task in done.stdout]
    lines = examples(done.stdout)
    assert len(lines) == len({line.split()[0] for line in lines}) >= 10
    for line in lines:
        action, *options = line.replace("-d acme", f"-d {server.instance.name}").split()
        answer = server.platform(action, *options)
        assert answer.returncode == 0, (line, answer.stdout, answer.stderr)
        own = server.platform(action, "--help").stdout
        assert examples(own) == [line]


@pytest.mark.parametrize(
    "arguments",
    [
        ("collect", "--dryrun"),
        ("move", "extra"),
        ("move", "--dry-run", "--limit", "5"),
        ("reconcile", "--margin-hours", "-1"),
        ("collect", "--days", "1e9"),
        ("move", "--limit", "1e30"),
        ("status", "--strict"),
    ],
    ids=" ".join,
)
def test_options_that_an_action_does_not_honour_are_refused(
    server: Server, arguments: tuple[str, ...]
) -> None:
    done = server.platform(*arguments, "-d", server.instance.name, "--json")
    assert done.returncode == os.EX_USAGE, (done.stdout, done.stderr)
    assert json.loads(done.stdout)["ok"] is False
    assert len(done.stderr.splitlines()) == 1, done.stderr
