"""Copies of a production database: each reads production's files, and does nothing to them.

Every copy runs twice: with production's own settings, like on the same server, and in a
separate environment. All its requests to the store go through a proxy that counts.
"""

from collections.abc import Callable, Iterator

import pytest
from support.production import FILES, READ, SIZES, Production, production_of

from dev.stack import Stack

# reads everything, writes, rewrites, deletes, collects without any retention, reconciles
USE = (
    FILES
    + """
def tried(work):
    try:
        return work() or "done"
    except StoreError as error:
        env.cr.rollback()
        return f"refused: {error}"
    finally:
        env.cr.commit()
        env.invalidate_all()
answer = {"read": [len(one.raw) for one in mine]}
fresh = lambda: {**values, "name": "of a copy", "raw": b"new in %s" % env.cr.dbname.encode()}
answer["create"] = tried(lambda: model.create(fresh()).store_fname or "database")
answer["write"] = tried(lambda: mine[0].write({"raw": b"written by a copy"}) and "done")
answer["delete"] = tried(lambda: mine[1:4].unlink() and "done")
answer["drop"] = tried(
    lambda: model.search([("name", "=", "of a copy")]).unlink() and "done"
)
answer["collect"] = env["ir.attachment.garbage"]._collect_garbage(days=0)
answer["reconcile"] = model._reconcile_store(margin_hours=-1)
answer["collect again"] = env["ir.attachment.garbage"]._collect_garbage(days=0)
env["ir.attachment.garbage"]._gc_object_store()
answer["left"] = [len(one.raw) for one in model.search([("name", "=", "of production")])]
print("ANSWER " + json.dumps(answer))
"""
)


@pytest.fixture(scope="module")
def production(stack: Stack) -> Iterator[Production]:
    with production_of(stack, "copies") as production:
        yield production


# --- ways to make a copy; each returns its name


def by_createdb(production: Production) -> str:
    name = production.new_name()
    production.stack.postgresql.create(name, template=production.name)
    return name


def by_duplicate(production: Production) -> str:
    name = production.new_name()
    production.db("duplicate", production.name, name)
    return name


def by_duplicate_neutralized(production: Production) -> str:
    name = production.new_name()
    production.db("duplicate", "--neutralize", production.name, name)
    return name


def by_dump_and_load(production: Production) -> str:
    name = production.new_name()
    dump = str(production.data / f"{name}.zip")
    production.db("dump", production.name, dump)
    production.db("load", name, dump)
    return name


def by_restore_without_copy(production: Production) -> str:
    dump = production.data / "without-copy.zip"
    production.db("dump", production.name, str(dump))
    return production.by_restore(dump)


def by_createdb_and_neutralize(production: Production) -> str:
    name = by_createdb(production)
    odoo = production.stack.odoo
    production.odoo(
        *("neutralize", "-d", name, f"--addons-path={odoo.addons_path}"),
        variables=production.variables,
    )
    return name


# the way of copying, whether it must be named as a copy, and whether its location is the database
COPIES = {
    by_createdb: (True, False),
    by_restore_without_copy: (True, False),
    by_duplicate: (False, False),
    by_dump_and_load: (False, False),
    by_duplicate_neutralized: (False, True),
    by_createdb_and_neutralize: (False, True),
}


@pytest.mark.parametrize("make", COPIES, ids=lambda make: make.__name__)
def test_a_copy_reads_productions_files_and_does_nothing_to_them(
    production: Production, make: Callable[[Production], str]
) -> None:
    has_to_be_said, in_database = COPIES[make]
    before = production.listing()
    production.proxy.requests.clear()
    name = make(production)

    # with production's own settings
    used = production.shell(name, USE, production.variables)
    assert used["read"] == SIZES, "it reads all of production's files"
    for attempt in ("create", "write"):
        expected = ("database", "done") if in_database else ("refused: This database",)
        assert used[attempt].startswith(expected), used
    assert used["delete"] == "done"
    assert used["collect"]["refused"] and used["collect again"]["refused"], used
    assert used["reconcile"]["marked"] == 0, used
    assert len(used["left"]) == len(SIZES) - 3
    assert production.harm() == []

    # in a separate environment
    own = production.own(name)
    if has_to_be_said:
        refused = production.platform(name, own, "install", "--kind", "s3", status=78)
        assert "cloud_platform fork" in refused and "cloud_platform adopt" in refused
        planned = production.answer(name, own, "fork", "--dry-run")
        assert planned["standing"] == "copy" and planned["owner"]["database"] == production.name
        production.platform(name, own, "fork", "--kind", "s3")
    production.platform(name, own, "install", "--kind", "s3")
    used = production.shell(name, USE, own)
    assert used["create"].startswith(f"s3://{own['AWS_BUCKETNAME']}/"), used
    assert used["write"] == used["delete"] == "done"
    assert used["collect"]["refused"] is None and used["reconcile"]["refused"] is None, used
    assert used["collect"]["deleted"] >= 4, "its own garbage: three files and its new one"
    assert used["reconcile"]["missing"] == 0
    assert production.answer(name, own, "status")["ownership"]["standing"] == "owner"

    assert production.harm() == []
    assert production.listing() == before, "no object has come, gone or changed"
    assert all(production.shell(production.name, READ, production.variables))


def test_the_count_of_harm_counts(production: Production) -> None:
    """Production itself writes and deletes in its bucket, and the proxy sees it."""
    before = production.listing()
    production.proxy.requests.clear()
    used = production.shell(production.name, USE, production.variables)
    assert used["collect"]["deleted"] >= 1, used
    sent = {request.split()[0] for request in production.harm()}
    assert {"PUT", "POST"} <= sent, production.proxy.requests
    assert production.listing() != before
