"""An addon that reads the files of sessions: no server starts with it, and it can be removed."""

import os
import uuid
from pathlib import Path

from support.front_end import FrontEnd

from dev.stack import Stack

SQL = (
    "INSERT INTO ir_module_module (name, state) VALUES ('auth_session_timeout', 'installed')"
    " RETURNING id"
)


def test_an_addon_that_reads_session_files_ends_the_start(stack: Stack, tmp_path: Path) -> None:
    name = f"sessions_{uuid.uuid4().hex[:8]}"
    with stack.database(name, [], {}) as data:
        stack.postgresql.query(name, SQL)
        front_end = FrontEnd(stack, name, data, tmp_path)
        variables = {**stack.redis.env, "ODOO_SESSION_REDIS_PREFIX": name}
        done = front_end.run(variables=variables)
        assert done.returncode == os.EX_CONFIG, done.stdout
        assert f"the addon auth_session_timeout of the database {name}" in done.stdout
        shell = front_end.run("shell", "--no-http", variables=variables, text="print(env.uid)\n")
        assert shell.returncode == 0, shell.stdout
        assert "auth_session_timeout" in shell.stdout
        both = front_end.run(
            "--stop-after-init", variables=variables, load="session_redis,session_db"
        )
        assert "session_db is in --load as well" in both.stdout
