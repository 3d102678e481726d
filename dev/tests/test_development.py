"""The development commands themselves: refused input, recovery and counts."""

import contextlib
import os
import socket
import sys
from pathlib import Path

import pytest

from dev.commands.test import FAILED_IN_PYTEST, Outcome, conclude, judge_odoo
from dev.console import DevError
from dev.environments import find_python, is_racy, made_once
from dev.instance import Instance, Node
from dev.odoo import Odoo
from dev.process import Daemon, free_ports, wait_for_all
from dev.services.statsd import lost_datagrams
from dev.stack import Stack, check_state_directory

GOOD = [
    "… odoo.tests.stats: cloud_base: 4 tests 0.01s 0 queries",
    "… odoo.tests.result: 0 failed, 0 error(s) of 4 tests when loading database 'x'",
]

SKIPPED = "cloud_base.tests.t: T.t : no S3 server: set AWS_HOST"


def test_a_good_run_passes() -> None:
    assert judge_odoo(["cloud_base"], [], 0, GOOD) == Outcome(passed=4)
    assert conclude(Outcome(passed=4)) == 0


@pytest.mark.parametrize(
    ("absent", "status", "output", "complaint"),
    [
        (["cloud_base"], 0, GOOD, "cloud_base was not installed"),
        ([], 0, [], "zero tests ran"),
        ([], 0, GOOD[1:], "cloud_base: no test ran"),
        ([], 1, GOOD, "Odoo ended with status 1"),
        (
            [],
            0,
            [
                *GOOD,
                "… odoo.addons.cloud_base.tests.t: skipped T.t : no S3 server: set AWS_HOST",
            ],
            SKIPPED,
        ),
    ],
)
def test_what_no_test_stands_for_fails_a_run(
    absent: list[str],
    status: int,
    output: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = judge_odoo(["cloud_base"], absent, status, output)
    assert complaint in outcome.complaints
    assert conclude(outcome) == 1
    assert ", 0 failed" not in capsys.readouterr().out


def test_failures_and_errors_are_counted() -> None:
    failed = "… ERROR suite odoo.addons.cloud_base.tests.test_x: FAIL: TestX.test_y"
    result = "odoo.tests.result: 1 failed, 2 error(s) of 9 tests when loading"
    outcome = judge_odoo(["cloud_base"], [], 1, [GOOD[0], failed, result])
    assert (outcome.passed, outcome.failed, outcome.complaints) == (6, 3, ())
    assert outcome.failures == ("cloud_base:TestX.test_y",)


def test_the_names_of_failed_tests_are_the_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output = ["FAILED dev/tests/test_x.py::test_y[a b] - assert 1 == 2", "ERROR t.py::test_z"]
    names = tuple(FAILED_IN_PYTEST.findall("\n".join(output)))
    assert names == ("dev/tests/test_x.py::test_y[a b]", "t.py::test_z")
    conclude(Outcome(passed=1, failed=2, failures=names))
    *_before, first, second, counts = capsys.readouterr().out.splitlines()
    assert (first, second) == tuple(f"FAILED: {name}" for name in names)
    assert counts == "1 passed, 2 failed"


def test_datagrams_that_the_kernel_drops_are_counted() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as reader,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
    ):
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.bind(("127.0.0.1", 0))
        port = reader.getsockname()[1]
        assert lost_datagrams(port) == 0
        for _number in range(100):
            sender.sendto(b"x" * 500, ("127.0.0.1", port))
        assert 0 < lost_datagrams(port) < 100


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_port_gives_the_next_free_one(kind: int) -> None:
    (port,) = free_ports(31000)
    with socket.socket(type=kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        first, second = free_ports(port, 2)
    assert port < first < second


def test_what_was_made_by_half_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    made = []

    def fail() -> None:
        (folder / "half").touch()
        raise OSError("interrupted")

    def make() -> None:
        assert not list(folder.iterdir())
        made.append(folder)

    with pytest.raises(DevError, match="Making it\ninterrupted"):
        made_once(folder, "Making it", ["a"], fail)
    for ingredients in (["a"], ["a"], ["b"]):
        made_once(folder, "Making it", ingredients, make)
    assert len(made) == 2


def test_a_daemon_that_ends_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with pytest.raises(DevError, match="no such option"):
        daemon.start(["sh", "-c", "echo no such option; exit 1"], ready=lambda: False)


def test_a_pid_that_belongs_to_another_process_is_none(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()} 12345")
    assert Daemon(tmp_path).pid is None


def test_a_foreign_folder_is_no_state_folder(tmp_path: Path) -> None:
    check_state_directory(tmp_path)
    (tmp_path / "precious").touch()
    with pytest.raises(DevError, match="CLOUD_DEV_STATE"):
        check_state_directory(tmp_path)


def test_a_folder_without_odoo_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODOO_SOURCE", str(tmp_path))
    with pytest.raises(DevError, match="ODOO_SOURCE"):
        Odoo(tmp_path / "state").install()


def test_the_chosen_python_is_taken_and_a_broken_one_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON", sys.executable)
    assert find_python() == (sys.executable, sys.version_info[:3])
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PYTHON", str(shim))
    with pytest.raises(DevError, match=str(shim)):
        find_python()


def test_the_parser_s_race_is_known_by_version() -> None:
    assert is_racy((3, 11, 2)) and is_racy((3, 11, 7))
    assert not any(map(is_racy, [(3, 10, 13), (3, 11, 8), (3, 12, 1)]))


def test_a_server_that_logs_into_a_file_ends_with_the_reason_from_there(tmp_path: Path) -> None:
    own = tmp_path / "odoo.log"
    daemon = Daemon(tmp_path / "node", own)
    with pytest.raises(DevError, match="Address already in use"):
        daemon.start(
            [
                *("sh", "-c"),
                f"echo 'a warning'; echo 'port 8069: Address already in use' > {own}; exit 1",
            ],
            ready=lambda: False,
        )
    assert f"(from {own})" in daemon.tail()
    assert "a warning" not in daemon.tail()


def test_an_error_of_python_is_shown_beside_the_own_log(tmp_path: Path) -> None:
    own = tmp_path / "odoo.log"
    daemon = Daemon(tmp_path / "node", own)
    program = f"open({str(own)!r}, 'w').write('running\\n'); raise ValueError('a wrong value')"
    with pytest.raises(DevError, match="a wrong value"):
        daemon.start([sys.executable, "-c", program], ready=lambda: False)
    assert "running" in daemon.tail()


def test_daemons_are_ready_only_while_all_of_them_run(tmp_path: Path) -> None:
    first, second = (Daemon(tmp_path / name) for name in ("first", "second"))
    first.start(["sh", "-c", f"until [ -e {tmp_path}/end ]; do sleep 0.05; done; echo gone"])
    second.start(["sleep", "60"])

    def second_is_ready() -> bool:
        (tmp_path / "end").touch()
        return first.pid is None

    try:
        with pytest.raises(DevError, match="gone"):
            wait_for_all({first: lambda: True, second: second_is_ready}, 60)
    finally:
        second.kill()


class TakingInstance(Instance):
    """An instance with configured nodes that do not run, whose ports other programs use."""

    def start_node(
        self, node: Node, ports: list[int], *_arguments: str, **_more_variables: str
    ) -> None:
        node.configure(self.stack, self.name, ports)
        node.daemon.start(["sleep", "60"])
        node.answers = lambda: True  # type: ignore[method-assign]


def test_nodes_get_different_ports_whichever_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_DEV_STATE", str(tmp_path / "state"))
    instance = TakingInstance(Stack(), "taken")
    [free] = free_ports(31100)
    with contextlib.ExitStack() as taken:
        for port in (free + 3, free + 5, free + 8):
            socket_ = taken.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                socket_.bind(("127.0.0.1", port))
        try:
            # nginx cannot start: the configuration of its store is missing
            with pytest.raises((DevError, OSError, KeyError)):
                instance.start(free)
            ports = [port for node in instance.nodes for port in node.ports]
            assert len(set(ports)) == len(ports) == 6
            assert not {free + 3, free + 5, free + 8} & set(ports)
            assert [node.daemon.pid for node in instance.nodes] == [None, None]
        finally:
            instance.stop()
