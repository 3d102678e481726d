"""The costs of the checks at the start of a right server, in milliseconds.

Each round is a separate process, with the steps of a serving start before it listens:
import the addons of ``--load`` and run the checks on the environment and on the database of
``-d``. The store is not asked (ODOO_CLOUD_PLATFORM_PROBES=0): what that takes is its network's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from .rounds import ROUNDS, Summary

TARGET = "target: 150 at most"

# the same for both, in the order of a start
STEPS = {
    "pydantic_settings": "import of pydantic-settings",
    "others": "the suite's other addons of --load",
    "platform": "cloud_platform: import and checks",
}

PROCESS = """
import importlib, json, sys, time
from odoo import cli  # core, whole
from odoo.service import server
from odoo.tools import config
from odoo.http import root

config.parse_config(sys.argv[1:])
seconds = {}

def timed(name, work):
    began = time.perf_counter()
    result = work()
    seconds[name] = seconds.get(name, 0) + time.perf_counter() - began
    return result

from odoo.modules.module import initialize_sys_path, load_openerp_module
initialize_sys_path()
modules = config["server_wide_modules"]
modules = modules.split(",") if isinstance(modules, str) else list(modules)
suite = [name for name in modules if name not in ("base", "rpc", "web")]
for name in modules:
    if name not in suite:
        load_openerp_module(name)
timed("pydantic_settings", lambda: importlib.import_module("pydantic_settings"))
for name in suite:
    if name != "cloud_platform":
        timed("others", lambda: load_openerp_module(name))
hooks = timed("platform", lambda: importlib.import_module("odoo.addons.cloud_platform.hooks"))
mistakes = timed("platform", hooks.problems)
print(json.dumps({"seconds": seconds, "mistakes": mistakes}))
"""


def main(registry: Any, environment: Callable[[Any], Any]) -> None:
    with closing(registry.cursor()) as cursor:
        environment(cursor)["cloud.platform"].install("s3")
        cursor.commit()
    figures = [one_start() for _round in range(ROUNDS)]
    print(f"\nA start on one database, milliseconds, {ROUNDS} rounds")
    print(f"  {'':<40} {'median':>9} {'95 % interval':>19}")
    for name, title in STEPS.items():
        found = Summary.of([1000 * seconds[name] for seconds in figures])
        target = TARGET if name == "platform" else ""
        interval = f"{found.low:9.1f} …{found.high:8.1f}"
        print(f"  {title:<40} {found.median:9.1f} {interval}   {target}")


def one_start() -> Mapping[str, float]:
    """Start a process with the options of this one, and return the seconds of its steps."""
    command = [sys.executable, "-c", PROCESS, "-d", sys.argv[2], *sys.argv[3:]]
    variables = {**os.environ, "ODOO_CLOUD_PLATFORM_PROBES": "0"}  # noqa: TID251
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    if told["mistakes"]:
        raise RuntimeError(f"the configuration is not right: {told['mistakes']}")
    seconds: Mapping[str, float] = told["seconds"]
    return seconds
