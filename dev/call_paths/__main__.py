"""Runs an Odoo server of a checkout, and counts calls in it.

``python -m dev.call_paths CHECKOUT RESULT [DATABASE] -- OPTIONS OF ODOO``: with a database the
paths are made in the server that serves it; without, the start itself is counted until it ends.
RESULT is a JSON file: the calls and their figures by title.
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from .recorder import Recorder, result_of


def main() -> None:
    """Start the server that the command line describes."""
    end = sys.argv.index("--")
    checkout, result, *databases = sys.argv[1:end]
    sys.argv = ["odoo", *sys.argv[end + 1 :]]
    recorder = Recorder(Path(checkout))
    recorder.install()
    if databases:
        serve(recorder, Path(result), databases[0])
    else:
        start_in_vain(recorder, Path(result))


def start_in_vain(recorder: Recorder, result: Path) -> None:
    """Start a server whose configuration is wrong."""
    with recorder.recording() as calls:
        try:
            run_odoo()
        except SystemExit as ended:
            status = ended.code
    if status != os.EX_CONFIG:
        raise RuntimeError(f"the server has ended with status {status}")
    result.write_text(json.dumps({"start": result_of(calls)}))


def serve(recorder: Recorder, result: Path, database: str) -> None:
    """Serve until all paths are measured."""
    observe_run(lambda: measure(recorder, result, database))
    run_odoo()


def observe_run(work: Callable[[], None]) -> None:
    """Call ``work`` in a thread as soon as a threaded server is ready."""
    from odoo.service.server import ThreadedServer

    start = ThreadedServer.start

    def started(self: ThreadedServer, *arguments: object, **options: object) -> object:
        outcome = start(self, *arguments, **options)
        threading.Thread(target=work, daemon=True).start()
        return outcome

    ThreadedServer.start = started


def measure(recorder: Recorder, result: Path, database: str) -> None:
    """Write the figures of all paths, and end the server."""
    try:
        from .paths import Paths

        paths = Paths(recorder, database)
        results = {title: result_of(calls) for title, calls in paths.measured()}
        result.write_text(json.dumps(results))
    except BaseException:  # noqa: BLE001  # of a thread: the command reports it
        traceback.print_exc()
    finally:
        os.kill(os.getpid(), signal.SIGINT)


def run_odoo() -> None:
    from odoo import cli

    cli.main()


main()
