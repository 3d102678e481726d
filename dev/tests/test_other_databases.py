"""Databases without the suite on a server that has it in ``--load``: as on core alone."""

import re
import uuid
from pathlib import Path

from support.front_end import Client, FrontEnd

from dev.stack import Stack, project_of

CREATE = """
values = {"public": True, "mimetype": "text/plain"}
made = env["ir.attachment"].create([
    {**values, "name": "local.txt", "raw": b"on the local disk"},
    {**values, "name": "database.txt", "db_datas": b"in the database"},
])
env.cr.commit()
print("FILES", *made.ids, made[0].store_fname)
"""


def test_a_database_without_the_addon_serves_its_files_as_ever(
    stack: Stack, tmp_path: Path
) -> None:
    name = f"other_{uuid.uuid4().hex[:8]}"
    variables = stack.variables(project_of(name), "dev")
    with stack.database(name, [], variables) as data:
        odoo = FrontEnd(stack, name, data, tmp_path)
        done = odoo.run("shell", variables=variables, text=f"exec({CREATE!r})\n", load="")
        found = re.search(r"FILES (\d+) (\d+) (\w+/\w+)", done.stdout)
        assert found, done.stdout
        with odoo.started(variables=variables, load="attachment_s3"):
            client = Client(name)
            local = client.ask(odoo, f"/web/content/{found[1]}")
            assert (local.status, local.text) == (200, "on the local disk")
            stored = client.ask(odoo, f"/web/content/{found[2]}")
            assert (stored.status, stored.text) == (200, "in the database")
            assert client.ask(odoo, "/web/login").status == 200
