"""Losses and orphans: a killed process, an old dump, a missing object."""

from collections.abc import Iterator

import pytest
from support.production import DELETE, FILES, READ, SIZES, Production, production_of

from dev.stack import Stack

UPLOAD_AND_DIE = (
    FILES
    + """
import os, signal
model.create({**values, "raw": b"uploaded, and never committed"})
os.kill(os.getpid(), signal.SIGKILL)
"""
)
LOSE = (
    FILES
    + """
uri = StoreUri.parse(mine[0].store_fname)
model._get_object_store("s3").delete_many([uri.key])
print("ANSWER " + json.dumps(uri.key))
"""
)
ROW = (
    FILES
    + """
env.cr.execute("SELECT store_fname, checksum, file_size, db_datas IS NULL FROM ir_attachment"
               " WHERE id = %s", [mine[0].id])
print("ANSWER " + json.dumps(env.cr.fetchone()))
"""
)


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    with production_of(stack, "recovery") as production:
        yield production


def test_what_a_process_uploaded_before_it_was_killed_is_found_and_collected(
    production: Production,
) -> None:
    name, variables = production.name, production.variables
    before = production.listing()
    production.shell(name, UPLOAD_AND_DIE, variables, status=-9)
    assert len(production.listing()) == len(before) + 1
    young = production.answer(name, variables, "reconcile")
    assert (young["orphans"], young["young"]) == (0, 1), "it may belong to a transaction yet"
    planned = production.answer(name, variables, "reconcile", "--margin-hours=0", "--dry-run")
    assert (planned["orphans"], planned["marked"], planned["missing"]) == (1, 0, 0)
    assert len(planned["orphan_names"]) == 1
    marked = production.answer(name, variables, "reconcile", "--margin-hours=0")
    assert (marked["orphans"], marked["marked"]) == (1, 1)
    assert production.answer(name, variables, "collect")["deleted"] == 0, "the retention"
    assert production.answer(name, variables, "collect", "--days=0")["deleted"] == 1
    assert production.listing() == before


def test_a_row_whose_object_is_missing_is_reported_and_left_as_it_is(
    production: Production,
) -> None:
    name, variables = production.name, production.variables
    row = production.shell(name, ROW, variables)
    key = production.shell(name, LOSE, variables)
    report = production.answer(name, variables, "reconcile", "--margin-hours=0", status=78)
    assert (report["missing"], report["missing_names"]) == (1, [key])
    assert production.shell(name, ROW, variables) == row


def test_a_dump_older_than_a_deletion_and_a_collection_misses_nothing_within_the_retention(
    production: Production,
) -> None:
    name, variables = production.name, production.variables
    postgresql = production.stack.postgresql
    dump = production.data / "old.zip"
    production.db("dump", name, str(dump))
    production.shell(name, DELETE, variables)
    assert production.answer(name, variables, "collect")["deleted"] == 0
    lost = production.by_restore(dump)
    assert all(production.shell(lost, READ, variables))
    # in its original's place, it is the owner, and production goes on
    postgresql.drop(name)
    postgresql.rename(lost, name)
    found = production.shell(name, READ, variables)
    assert len(found) == len(SIZES) and all(found)
    assert production.answer(name, variables, "status")["ownership"]["standing"] == "owner"
    report = production.answer(name, variables, "reconcile", "--margin-hours=0")
    assert (report["missing"], report["orphans"]) == (0, 1), "one file is newer than the dump"


def test_without_a_retention_an_older_dump_misses_what_was_collected(
    production: Production,
) -> None:
    name, variables = production.name, production.variables
    dump = production.data / "old.zip"
    production.db("dump", name, str(dump))
    production.shell(name, DELETE, variables)
    assert production.answer(name, variables, "collect", "--days=0")["deleted"] == 6
    copy = production.by_restore(dump)
    report = production.answer(copy, variables, "reconcile", status=78)
    assert report["missing"] == 6


def test_a_bucket_that_is_named_for_its_database_is_collected_too(production: Production) -> None:
    named = {**production.variables, "AWS_BUCKETNAME": "{db}-odoo-prod"}
    name, before = production.name, production.listing()
    assert production.answer(name, named, "status")["ownership"]["standing"] == "owner"
    production.shell(name, DELETE, named)
    assert production.answer(name, named, "collect", "--days=0")["deleted"] == 6
    assert len(production.listing()) == len(before) - 6 + 1, "one was rewritten"
    assert production.answer(name, named, "reconcile", "--margin-hours=0")["missing"] == 0
