"""Outages that no other test is about: the reader of a log from a pipe."""

import contextlib
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.documented import Document
from support.front_end import FrontEnd

from dev.instance import Instance
from dev.process import answers
from dev.settings import REPOSITORY

LOAD = "logging_json,session_redis,attachment_s3,cloud_platform"


def status_of(front_end: FrontEnd, path: str, timeout: float = 30) -> int:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{front_end.port}{path}", timeout=timeout
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextlib.contextmanager
def piped(front_end: FrontEnd, variables: dict[str, str]) -> Iterator[int]:
    """Start a server whose log goes into a pipe; gives the end to read from."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        front_end.command("--workers=0", "--log-level=info", load=LOAD),
        env=front_end.environment(variables),
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    try:
        deadline = time.monotonic() + 60
        while not answers(front_end.port):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        yield reader
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_pipe_that_nobody_reads_holds_a_server_up_until_it_is_read(
    prepared: Instance, tmp_path: Path
) -> None:
    front_end = FrontEnd(prepared.stack, prepared.name, tmp_path / "data", tmp_path)
    variables = {**prepared.variables, "ODOO_LOGGING_JSON": "1"}
    with piped(front_end, variables) as reader:
        with pytest.raises(TimeoutError):
            for _request in range(1000):
                status_of(front_end, "/web/login", timeout=10)

        read: list[bytes] = []

        def drain() -> None:
            with contextlib.suppress(OSError):
                while piece := os.read(reader, 65536):
                    read.append(piece)

        drained = threading.Thread(target=drain, daemon=True)
        drained.start()
        for _request in range(200):
            assert status_of(front_end, "/web/login") == 200
        lines = b"".join(read).splitlines()
        assert sum(line.startswith(b"{") and b'"/web/login"' in line for line in lines) > 200
    drained.join(timeout=10)
    os.close(reader)


def test_a_closed_pipe_disturbs_no_request(prepared: Instance, tmp_path: Path) -> None:
    front_end = FrontEnd(prepared.stack, prepared.name, tmp_path / "data", tmp_path)
    with piped(front_end, {**prepared.variables, "ODOO_LOGGING_JSON": "1"}) as reader:
        os.close(reader)
        for _request in range(20):
            assert status_of(front_end, "/web/login") == 200


def test_each_row_of_the_page_names_tests_that_there_are() -> None:
    page = Document.page("outages")
    rows = [line for line in page.text.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| service", "| ---"))]
    assert len(rows) >= 10
    for row in rows:
        named = row.rstrip(" |").rpartition("|")[2].strip().split(", ")
        for reference in named:
            path, _colon, name = reference.strip("`").partition("::")
            assert name and f"def {name}(" in (REPOSITORY / path).read_text(), reference
