"""Addons of third parties that know the old suite's names only, installed for real."""

import re
import subprocess
import uuid
from pathlib import Path

from dev.process import free_ports
from dev.stack import Stack

ADDONS = Path(__file__).parent / "addons"


def test_a_store_with_the_old_hooks_writes_reads_deletes_and_is_moved(stack: Stack) -> None:
    run_tests_of(stack, "attachment_old_hooks_of_tests")


def test_a_kind_of_platform_with_the_old_names_is_installed_and_checked(stack: Stack) -> None:
    run_tests_of(stack, "cloud_platform_of_tests")


def run_tests_of(stack: Stack, addon: str) -> None:
    database = f"old_hooks_{uuid.uuid4().hex[:8]}"
    odoo = stack.odoo
    ports = free_ports(18469, 2)
    variables = stack.variables(database, "test")
    with stack.database(database, [], variables) as data:
        command = odoo.command(
            *("-d", database, "-i", addon, "--stop-after-init", "--test-enable"),
            *("--test-tags", f"/{addon}", "--without-demo=True", "--max-cron-threads=0"),
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
