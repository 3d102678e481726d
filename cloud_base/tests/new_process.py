"""Other processes for tests: Python with a separate environment, and forks."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

GEVENT = "from gevent import monkey; monkey.patch_all()\n"


def run_python(code, *arguments, first="", **variables):
    """Return what a new process prints that has nothing but these variables.

    :param arguments: its ``sys.argv[1:]``
    :param first: code that runs before the first import, for example ``GEVENT``
    """
    addons = str(Path(__file__).parents[2])
    begin = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        f"import odoo.addons; odoo.addons.__path__.append({addons!r})\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", first + begin + code, *arguments],
        env={"HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return answer.stdout.strip()


def fork(work):
    """Do some work in a child, which ends without the rest of the test; return its id."""
    with warnings.catch_warnings():
        # the test's process has threads, prefork's master has no threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)
