"""A third party's store that knows the old suite's hooks only, installed for real."""

import re
import subprocess
import uuid
from pathlib import Path

from dev.process import free_ports
from dev.stack import Stack

ADDONS = Path(__file__).parent / "addons"
ADDON = "attachment_old_hooks_of_tests"


def test_a_store_with_the_old_hooks_writes_reads_deletes_and_is_moved(stack: Stack) -> None:
    database = f"old_hooks_{uuid.uuid4().hex[:8]}"
    odoo = stack.odoo
    ports = free_ports(18469, 2)
    variables = stack.variables(database, "test")
    with stack.database(database, [], variables) as data:
        command = odoo.command(
            *("-d", database, "-i", ADDON, "--stop-after-init", "--test-enable"),
            *("--test-tags", f"/{ADDON}", "--without-demo=True", "--max-cron-threads=0"),
            *("--addons-path", f"{odoo.addons_path},{ADDONS}", "--data-dir", data),
            *(f"--http-port={ports[0]}", f"--gevent-port={ports[1]}"),
            *("--http-interface=127.0.0.1", "--log-level=warn", "--log-handler=odoo.tests:INFO"),
        )
        output = subprocess.run(
            [str(part) for part in command],
            env=odoo.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
    assert re.search(r"0 failed, 0 error\(s\) of [1-9]", output.stdout), output.stdout[-4000:]
    assert output.returncode == 0
