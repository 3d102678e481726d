"""Moves of files that may not be changed: files of posted entries, under core's audit trail.

The guard refuses every ``write()`` of such a file's place or content. It is in ``account`` from
19.0 on, in ``l10n_de`` before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.production import Production, production_of

from dev.stack import Stack

GUARDS = {"17.0": "l10n_de", "18.0": "l10n_de", "19.0": "account"}

# a posted entry with a PDF, and an image that write() would make smaller, on the local disk
CREATE = """
import hashlib, io, json
from PIL import Image
# what the addons have brought along stays where it is
env.cr.execute("UPDATE ir_attachment SET type = 'url' WHERE type = 'binary'")
company = env.company
company.country_id = env.ref("base.de")
if not env["account.journal"].search([("company_id", "=", company.id)], limit=1):
    chart = "generic_coa" if "restrictive_audit_trail" in company._fields else "de_skr03"
    env["account.chart.template"].try_loading(chart, company=company, install_demo=False)
if "account_fiscal_country_id" in company._fields:
    company.account_fiscal_country_id = env.ref("base.de")
# 17.0 guards without being asked to
for trail in ("restrictive_audit_trail", "check_account_audit_trail"):
    if trail in company._fields:
        company[trail] = True
accounts = env["account.account"].search([("account_type", "=", "income")], limit=1)
lines = [(0, 0, {"account_id": accounts.id, "debit": debit, "credit": 1 - debit, "name": "line"})
         for debit in (0, 1)]
journal = env["account.journal"].search(
    [("type", "=", "general"), ("company_id", "=", company.id)], limit=1)
entry = env["account.move"].create({"journal_id": journal.id, "line_ids": lines})
entry.action_post()
with io.BytesIO() as buffer:
    pixels = hashlib.shake_128(b"pixels").digest(2500 * 2000 * 3)
    Image.frombytes("RGB", (2500, 2000), pixels).save(buffer, "JPEG", quality=50)
    image = buffer.getvalue()
on_disk = env["ir.attachment"].with_context(storage_location="file", image_no_postprocess=True)
values = {"res_model": "account.move", "res_id": entry.id}
on_disk.create([
    {**values, "name": "guarded.pdf", "raw": b"%PDF-1.4 of a posted entry"},
    {**values, "name": "guarded.jpg", "raw": image},
])
env.cr.commit()
print("ANSWER []")
"""
FILES = """
import hashlib, json
from odoo.exceptions import UserError
model = env["ir.attachment"]
mine = model.search([("name", "=like", "guarded.%")], order="name")
"""
LOOK = (
    FILES
    + """
from PIL import Image
import io
def refused(values):
    try:
        with env.cr.savepoint():
            mine[1].write(values)
    except UserError as error:
        return "audit trail" in str(error)
    return False
state = []
for one in mine:
    env.cr.execute("SELECT checksum, file_size, mimetype, write_date::text, write_uid, store_fname"
                   " FROM ir_attachment WHERE id = %s", [one.id])
    *columns, name = env.cr.fetchone()
    place = "db" if not name else name.partition("://")[0] if "://" in name else "file"
    state.append([*columns, hashlib.sha256(one.raw).hexdigest(), place])
answer = {
    "state": state,
    "image": list(Image.open(io.BytesIO(mine[0].raw)).size),
    "guarded": [refused({"raw": b"%PDF-1.4 other"}), refused({"store_fname": "other"})],
}
print("ANSWER " + json.dumps(answer))
"""
)
RULE = """
env["ir.config_parameter"].set_param("ir_attachment.storage.force.database", "{}")
env["ir.config_parameter"].set_param("ir_attachment.location", %r)
env.cr.commit()
"""
FORCE_STORAGE = """
if model._storage() in model._get_stores():
    model._get_object_store(model._storage()).create_container()
    model._claim_store()
    env.cr.commit()
report = model.force_storage()
print("ANSWER " + json.dumps(report, default=str))
"""
BY_THE_CRON = """
moves = env["ir.attachment.background.move"]
move = moves._start()
env.cr.commit()
for _turn in range(5):  # what the scheduled action calls
    moves._continue()
    env.cr.commit()
    env.invalidate_all()
    if move.state != "running":
        break
print("ANSWER " + json.dumps([move.state, move.failed]))
"""


@dataclass
class Guarded:
    production: Production
    variables: dict[str, str]

    def shell(self, code: str) -> Any:
        return self.production.shell(self.production.name, code, self.variables)

    def look(self) -> tuple[Any, set[str]]:
        """Return all that a move must not change, and where the files are."""
        answer = self.shell(LOOK)
        places = {state.pop() for state in answer["state"]}
        return answer, places

    def force_storage(self, location: str) -> None:
        report = self.shell(RULE % location + FILES + FORCE_STORAGE)
        assert report["failed"] == [] and report["moved"] >= 2, report


@pytest.fixture(scope="module")
def guarded(stack: Stack) -> Iterator[Guarded]:
    with production_of(stack, "guarded") as production:
        variables = {
            **production.variables,
            **stack.swift.env(),
            "SWIFT_WRITE_CONTAINER": production.bucket,
        }
        addon = GUARDS[stack.odoo.series]
        stack.databases.install(production.name, [addon], production.data, variables)
        guarded = Guarded(production, variables)
        guarded.shell(CREATE)
        yield guarded


def test_no_move_meets_the_guard_or_changes_a_byte(guarded: Guarded) -> None:
    before, places = guarded.look()
    assert places == {"file"}
    assert before["guarded"] == [True, True], "the guard is there: write() is refused"
    assert before["image"] == [2500, 2000], "larger than what write() leaves of an image"

    guarded.production.platform(
        guarded.production.name, guarded.variables, "install", "--kind", "s3"
    )
    guarded.force_storage("file")
    assert guarded.look() == (before, {"file"})
    guarded.shell(RULE % "s3" + "print('ANSWER []')")
    guarded.production.platform(
        guarded.production.name, guarded.variables, "install", "--kind", "s3"
    )
    assert guarded.look() == (before, {"s3"}), "install()"

    # any place to any other, and back
    for location in ("swift", "db", "s3", "file", "swift", "s3", "db", "file"):
        guarded.force_storage(location)
        assert guarded.look() == (before, {location})

    assert guarded.shell(RULE % "s3" + FILES + BY_THE_CRON) == ["done", 0]
    assert guarded.look() == (before, {"s3"}), "the scheduled action"
