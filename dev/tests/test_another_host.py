"""A database that is copied to another host, with the name, the variables and the bucket.

The other host has its own PostgreSQL server, and the copy is made by a dump.
"""

from collections.abc import Iterator

import pytest
from support.production import FILES, READ, SIZES, Production, production_of

from dev.services.postgresql import PostgreSQL
from dev.stack import Stack

WRITE = (
    FILES
    + """
def create(raw):
    try:
        return model.create({**values, "name": "another", "raw": raw}).store_fname
    except StoreError as error:
        env.cr.rollback()
        return f"refused: {error}"
    finally:
        env.cr.commit()
mine[:2].unlink()
env.cr.commit()
print("ANSWER " + json.dumps(create(b"written in %s" % env.cr.dbname.encode())))
"""
)


@pytest.fixture
def production(stack: Stack) -> Iterator[Production]:
    with production_of(stack, "host") as production:
        yield production


@pytest.fixture(scope="module")
def other_server(stack: Stack) -> Iterator[PostgreSQL]:
    server = PostgreSQL(stack.state / "services" / "postgresql-of-another-host")
    server.start()
    try:
        yield server
    finally:
        server.clean()


@pytest.fixture
def there(production: Production, other_server: PostgreSQL) -> Iterator[dict[str, str]]:
    """The variables of the other host, where the database has been copied to."""
    production.stack.postgresql.copy_to(other_server, production.name)
    yield {**production.variables, **other_server.env}
    other_server.drop(production.name)


def test_a_copy_on_another_host_reads_and_is_told_what_to_run(
    production: Production, there: dict[str, str]
) -> None:
    name, before = production.name, production.listing()
    production.proxy.requests.clear()
    assert production.answer(name, there, "status")["ownership"]["standing"] == "copy"
    found = production.shell(name, READ, there)
    assert len(found) == len(SIZES) and all(found)
    refused = production.shell(name, WRITE, there)
    assert "PostgreSQL server" in refused and f"cloud_platform fork -d {name}" in refused
    assert f"cloud_platform adopt -d {name}" in refused
    assert "fork" in production.answer(name, there, "collect", "--days=0", status=78)["refused"]
    production.platform(name, there, "install", "--kind", "s3", status=78)
    assert production.harm() == []
    assert production.listing() == before
    # and the original is unchanged
    assert production.shell(name, WRITE, production.variables).startswith("s3://")
    assert production.answer(name, production.variables, "collect", "--days=0")["deleted"] == 2


def test_a_database_that_was_moved_to_another_host_is_adopted_there(
    production: Production, there: dict[str, str]
) -> None:
    name = production.name
    production.platform(name, there, "adopt", "--kind", "s3")
    assert production.shell(name, WRITE, there).startswith("s3://")
    assert production.answer(name, there, "collect", "--days=0")["deleted"] == 2
    # the original, which should be gone, deletes nothing, and soon writes nothing any more
    refused = production.answer(name, production.variables, "collect", "--days=0", status=78)
    assert "another owner" in refused["refused"]
    assert production.shell(name, WRITE, production.variables).startswith("refused: ")


def test_a_copy_that_was_made_before_the_first_installation_has_keys_of_its_own(
    production: Production, other_server: PostgreSQL
) -> None:
    """Both have one uuid and no record, as databases of the former platform."""
    postgresql, name = production.stack.postgresql, production.name
    postgresql.query(
        name, "DELETE FROM ir_config_parameter WHERE key = 'ir_attachment.storage.owner'"
    )
    on_this_host = production.new_name()
    postgresql.create(on_this_host, template=name)
    postgresql.copy_to(other_server, name)
    there = {**production.variables, **other_server.env}
    places = {(name, "here"): production.variables, (on_this_host, "here"): production.variables}
    places[name, "there"] = there
    names = [production.shell(which, WRITE, place) for (which, _), place in places.items()]
    prefixes = {stored.split("/")[3] for stored in names}
    assert len(prefixes) == len(places), names
    for (which, _where), place in places.items():
        production.platform(which, place, "install", "--kind", "s3")
        assert production.answer(which, place, "status")["ownership"]["standing"] == "owner"
    owners = {production.shell(which, OWNER, place) for (which, _), place in places.items()}
    assert owners == prefixes
    other_server.drop(name)


OWNER = 'import json; print("ANSWER " + json.dumps(env["ir.attachment"]._object_owner()))'
