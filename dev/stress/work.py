"""The operations of the torture on attachments, each of them one transaction."""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from odoo.exceptions import ValidationError

CONTENTS = 60
LARGE = 300 * 1024  # bytes: more than is sent without a question
NAME = "torture.bin"
MIMETYPE = "application/octet-stream"  # no rule keeps it in the database


# called once when the rows of a create() are in the table, see watch()
_after_insert: list[Callable[[Any], None]] = []


class Undone(Exception):
    """Ends an operation that is to be rolled back."""


def content(number: int) -> bytes:
    """Return one of the few contents, which all processes share."""
    size = LARGE if number == 0 else 2000 + number
    return (b"content %d " % number * size)[:size]


def create(attachments: Any) -> None:
    attachments.create([_values() for _number in range(random.choice((1, 1, 1, 5)))])


def copy(attachments: Any) -> None:
    for attachment in _some(attachments):
        attachment.copy()


def write(attachments: Any) -> None:
    _some(attachments).write({"raw": content(random.randrange(CONTENTS))})


def delete(attachments: Any) -> None:
    some = _some(attachments)
    some.search([("store_fname", "=", some.store_fname), ("name", "=", NAME)]).unlink()


def create_and_roll_back(attachments: Any) -> None:
    create(attachments)
    raise Undone


def delete_and_roll_back(attachments: Any) -> None:
    delete(attachments)
    attachments.env.flush_all()
    raise Undone


def roll_back_a_part(attachments: Any) -> None:
    try:
        with attachments.env.cr.savepoint():
            create(attachments)
            raise Undone
    except Undone:
        create(attachments)


# --- what happens inside of a create(), and callers that go on after an error


def watch(registry: Any) -> None:
    """Run a function between the INSERT of a create() and its end."""
    model = registry["ir.attachment"]
    validate = model._validate_fields

    def validated(records: Any, *args: Any, **kwargs: Any) -> None:
        validate(records, *args, **kwargs)
        if records and _after_insert:
            _after_insert.pop()(records)

    model._validate_fields = validated


@contextmanager
def within_create(then: Callable[[Any], None]) -> Iterator[None]:
    """Call ``then`` with the rows of the first create() of the block; its error is swallowed."""
    _after_insert[:] = [then]
    with suppress(ValidationError):
        yield
    _after_insert.clear()


@contextmanager
def rolled_back(cursor: Any) -> Iterator[None]:
    """Roll back to a savepoint, in one of the ways that code has."""
    way = random.choice(("flush", "no flush", "SQL"))
    if way == "SQL":
        cursor.execute("SAVEPOINT torture")
        yield
        cursor.execute("ROLLBACK TO SAVEPOINT torture")
        return
    with suppress(Undone), cursor.savepoint(flush=way == "flush"):
        yield
        raise Undone


def _refuse(_records: Any) -> None:
    raise ValidationError("refused after the insert")


def refuse_a_create_and_commit(attachments: Any) -> None:
    with within_create(_refuse):
        create(attachments)


def write_in_a_create_that_fails(attachments: Any) -> None:
    def write_and_fail(records: Any) -> None:
        write(records.browse())
        _refuse(records)

    with within_create(write_and_fail):
        create(attachments)


def lose_locks_within_a_create(attachments: Any) -> None:
    def lose(records: Any) -> None:
        with rolled_back(records.env.cr):
            create(records.browse())

    with within_create(lose):
        create_many(attachments)


def nest_creates(attachments: Any) -> None:
    with within_create(lambda records: create_many(records.browse())):
        create_many(attachments)


def roll_back_and_create_the_same(attachments: Any) -> None:
    values = _values()
    with rolled_back(attachments.env.cr):
        attachments.create(values)
        attachments.env.flush_all()
    attachments.env.invalidate_all()
    attachments.create(values)


def choose_a_key_in_a_foreign_folder(attachments: Any) -> None:
    """Store under a key that looks like an owner's, but for its folder."""
    raw = content(random.randrange(CONTENTS))
    digest = hashlib.sha256(raw).hexdigest()
    folder = f"{(int(digest[:2], 16) + 1) % 256:02x}"
    key = f"{attachments._object_owner()}/{folder}/{digest}"
    attachments.with_context(force_storage_key=key).create({**_values(), "raw": raw})


def create_many(attachments: Any) -> None:
    attachments.create([_values() for _number in range(4)])


def _values() -> dict[str, object]:
    return {"name": NAME, "mimetype": MIMETYPE, "raw": content(random.randrange(CONTENTS))}


OPERATIONS: list[Callable[[Any], None]] = [
    *[create] * 4,
    *[write] * 3,
    *[delete] * 3,
    copy,
    create_and_roll_back,
    delete_and_roll_back,
    roll_back_a_part,
    refuse_a_create_and_commit,
    write_in_a_create_that_fails,
    lose_locks_within_a_create,
    nest_creates,
    roll_back_and_create_the_same,
    choose_a_key_in_a_foreign_folder,
]


def _some(attachments: Any, count: int = 1) -> Any:
    attachments.env.cr.execute(
        "SELECT id FROM ir_attachment WHERE name = %s ORDER BY random() LIMIT %s", (NAME, count)
    )
    return attachments.browse([number for (number,) in attachments.env.cr.fetchall()])


def is_right(checksum: str, raw: bytes) -> bool:
    """Return True if bytes have the checksum of a row."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest() == checksum
