"""Core's HTTP tests, with the sessions where the server keeps them: in files, and in Redis.

Core's own file store fails some tests in this set-up, which expect the objects of the server
itself: Redis may fail these tests as well. All other tests must pass with Redis.
"""

import re
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis

from dev.process import free_ports
from dev.stack import Stack

ADDONS = Path(__file__).parent / "addons"
FAILED = re.compile(r"(?:FAIL|ERROR): (?:Subtest )?(\w+\.\w+)")
RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")

# all of the HTTP layer, and what logs in, logs out and revokes devices besides
TAGS = "/test_http,/base:TestUsersIdentitycheck,/web:TestWebLoginCommon,/web:TestWebLogin"
ALLOWED = {
    "TestSessionRotation.test_session_rotation": "counts the files of its sessions",
}


def run_core_tests(stack: Stack, variables: dict[str, str], port: int) -> tuple[set[str], int]:
    """Return the names of the tests that failed, and how many there were."""
    database = f"core_sessions_{uuid.uuid4().hex[:8]}"
    odoo = stack.odoo
    ports = free_ports(port, 2)
    with stack.database(database, [], {}) as data:
        command = odoo.command(
            *("-d", database, "-i", "test_http", "-u", "base", "--stop-after-init"),
            *("--test-enable", "--test-tags", TAGS),
            *("--without-demo=True", "--max-cron-threads=0"),
            *("--addons-path", f"{odoo.addons_path},{ADDONS}", "--data-dir", data),
            *(f"--http-port={ports[0]}", f"--gevent-port={ports[1]}"),
            *("--http-interface=127.0.0.1", "--log-level=warn", "--log-handler=odoo.tests:INFO"),
            *("--load", f"{odoo.server_wide_modules},session_store_of_tests"),
        )
        env = odoo.environment(**{**stack.variables(database, "test"), **variables})
        output = subprocess.run(
            [str(part) for part in command], env=env, capture_output=True, text=True
        )
    text = output.stdout + output.stderr
    results = RESULT.findall(text)
    assert results, text[-4000:]
    return set(FAILED.findall(text)), int(results[-1][2])


def test_core_tests_pass_on_redis_as_on_files(stack: Stack) -> None:
    prefix = f"core-tests-{uuid.uuid4().hex}"
    variables = {
        "ODOO_SESSION_REDIS": "1",
        "ODOO_SESSION_REDIS_PREFIX": prefix,
        # core's store has one lifetime for all
        "ODOO_SESSION_REDIS_EXPIRATION_ANONYMOUS": "604800",
    }
    env = stack.redis.env
    client = redis.Redis(
        host=env["ODOO_SESSION_REDIS_HOST"],
        port=int(env["ODOO_SESSION_REDIS_PORT"]),
        password=env["ODOO_SESSION_REDIS_PASSWORD"],
    )
    with ThreadPoolExecutor() as pool:  # each takes a minute or two
        files = pool.submit(run_core_tests, stack, {"ODOO_SESSION_REDIS": "0"}, 18269)
        failed, count = run_core_tests(stack, variables, 18289)
        failed_on_files, count_on_files = files.result()
    keys = list(client.scan_iter(match=f"session:{prefix}:*", count=1000))
    try:
        # the last test's: each begins with none
        assert keys, "no session was in Redis"
        assert count == count_on_files
        assert failed - failed_on_files <= set(ALLOWED)
    finally:
        for key in keys:
            client.delete(key)
