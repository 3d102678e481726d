"""Programs that begin as Odoo does, in a separate process."""

import os
import subprocess
import sys

from odoo.tools import config


def run_program(code, *arguments, **variables):
    """Run Python code with this environment, less the addon's variables; return the process.

    Standard error is part of ``stdout``, like in a log. The addons path follows ``arguments``.
    """
    paths = config["addons_path"]
    addons_path = paths if isinstance(paths, str) else ",".join(paths)
    kept = {name: value for name, value in os.environ.items() if "LOGGING" not in name}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-c", code, *arguments, "--addons-path", addons_path],
        env={**kept, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
