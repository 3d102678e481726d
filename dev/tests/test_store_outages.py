"""The object store is away: what users, mail and reports notice, and what happens after."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from front_end import Client, FrontEnd
from production import FILES, Production, production_of

from dev.stack import Stack

LOAD = "logging_json,session_redis,attachment_s3"
WORKERS = 4
DOWNLOADS = 8
PUBLIC = (
    FILES
    + """
files = model.create([{**values, "public": True, "raw": b"public %d" % n} for n in range(8)])
env.cr.commit()
print("ANSWER " + json.dumps(files.ids))
"""
)


@pytest.fixture(scope="module")
def production(stack: Stack) -> Iterator[Production]:
    with production_of(stack, "outage") as production:
        yield production


@pytest.fixture
def front_end(production: Production, tmp_path: Path) -> Iterator[FrontEnd]:
    front_end = FrontEnd(production.stack, production.name, production.data, tmp_path)
    with front_end.started(f"--workers={WORKERS}", variables=production.variables, load=LOAD):
        try:
            yield front_end
        finally:
            production.proxy.pass_through()


def status_of(front_end: FrontEnd, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", front_end.port, timeout=120)) as one:
        one.request("GET", path)
        answer = one.getresponse()
        answer.read()
        return answer.status


@contextmanager
def downloads(front_end: FrontEnd, files: list[int]) -> Iterator[list[threading.Thread]]:
    """Download some files at a time; gives the threads that wait for them."""
    threads = [
        threading.Thread(target=status_of, args=(front_end, f"/web/content/{number}"))
        for number in files
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join()


def test_a_silent_store_leaves_workers_for_pages_without_files(
    production: Production, front_end: FrontEnd
) -> None:
    files = production.shell(production.name, PUBLIC, production.variables)
    assert {status_of(front_end, f"/web/content/{number}") for number in files} == {200}
    production.proxy.requests.clear()
    production.proxy.blackhole()
    with downloads(front_end, files) as waiting:
        for _visit in range(20):
            assert status_of(front_end, "/web/login") == 200
            assert Client(production.name).log_in(front_end).status == 200
        # all that was answered while the first downloads still wait for their timeout
        assert any(thread.is_alive() for thread in waiting)
    sent = [request for request in production.proxy.requests if not request.startswith("HEAD")]
    assert 1 <= len(sent) <= WORKERS  # half of the workers, two tries each
    for number in files * 10:
        assert status_of(front_end, f"/web/content/{number}") == 503
    assert [r for r in production.proxy.requests if not r.startswith("HEAD")] == sent
    production.proxy.pass_through()
    in_a_row = 0
    while in_a_row < 10 * WORKERS:  # each worker finds out by itself
        in_a_row = in_a_row + 1 if status_of(front_end, f"/web/content/{files[0]}") == 200 else 0
