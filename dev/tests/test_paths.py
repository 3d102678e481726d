"""The calls that six operations make: recorded right, and not more than they were."""

import importlib
import sys
import threading
from pathlib import Path

import pytest

from dev.call_paths.recorder import Measures, Recorder, result_of
from dev.commands.paths import measured, table
from dev.stack import Stack

# calls and files at most; a change that needs more of them says why
CEILINGS = {
    "create() of 10 kB": (158, 36),
    "create() of 300 kB": (220, 38),
    "GET /web/content/ID, 10 kB": (195, 46),
    "session: read": (59, 15),
    "session: changed save": (94, 16),
    "session: unchanged save": (15, 3),
    "log line": (12, 5),
    "counting GET /web/login": (60, 8),
    "GET /metrics": (240, 8),
    "start": (1470, 58),
}

ADDON = """\
import contextlib

class Kept:
    limit = max(1, 2)

    def all(self):
        yield from other(self)
        yield

def other(kept):
    return [1]

@contextlib.contextmanager
def enclosed():
    yield

def work():
    list(Kept().all())
    with enclosed():
        other(None)
"""


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder of a folder with an addon, a test of it and a command."""
    for name in ("acme/acme_code.py", "acme/tests/code_of_test.py", "dev/code_of_dev.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(ADDON)
        monkeypatch.syspath_prepend(str((tmp_path / name).parent))
    return Recorder(tmp_path)


def test_calls_are_recorded_in_all_threads_and_generators_once(recorder: Recorder) -> None:
    before = sys.getprofile(), threading.getprofile()
    recorder.install()
    try:
        with recorder.recording() as calls:
            code_of_dev, code_of_test, code = map(
                importlib.import_module, ("code_of_dev", "code_of_test", "acme_code")
            )
            code_of_dev.work()
            code_of_test.work()
            code.work()
            thread = threading.Thread(target=code.work)
            thread.start()
            thread.join()
        code.work()
    finally:
        sys.setprofile(before[0])
        threading.setprofile(before[1])
    work = ["work", "Kept.all", "other", "enclosed", "other"]
    assert [call.code.co_qualname for call in calls] == [*work, *work]
    assert [call.depth for call in calls] == [1, 2, 3, 2, 2] * 2
    assert Measures.from_calls(calls) == Measures(
        calls=10, functions=4, files=1, addons=1, classes=1, hops=0, deepest=3
    )
    assert result_of(calls)["calls"][1] == "    acme/acme_code.py:6 Kept.all"


def test_no_path_has_become_longer(stack: Stack) -> None:
    results = measured(stack)
    print(table(results))
    longer = {
        title: figures
        for title, result in results.items()
        if (figures := result["figures"])["calls"] > CEILINGS[title][0]
        or figures["files"] > CEILINGS[title][1]
    }
    assert not longer
    assert results.keys() == CEILINGS.keys()
    assert all(len(result["calls"]) == result["figures"]["calls"] for result in results.values())
    # and nothing was measured that failed early
    assert min(result["figures"]["calls"] for result in results.values()) > 5
