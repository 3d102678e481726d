"""What the processes of the torture do to attachments, each operation one transaction."""

import hashlib
import random
from collections.abc import Callable
from typing import Any

CONTENTS = 60
LARGE = 300 * 1024  # bytes: beyond what is sent without a question
NAME = "torture.bin"
MIMETYPE = "application/octet-stream"  # no rule keeps it in the database


class Undone(Exception):
    """Ends an operation that is to be rolled back."""


def content(number: int) -> bytes:
    """Return one of the few contents, which all processes share."""
    size = LARGE if number == 0 else 2000 + number
    return (b"content %d " % number * size)[:size]


def create(attachments: Any) -> None:
    attachments.create(
        [
            {"name": NAME, "mimetype": MIMETYPE, "raw": content(random.randrange(CONTENTS))}
            for _number in range(random.choice((1, 1, 1, 5)))
        ]
    )


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


OPERATIONS: list[Callable[[Any], None]] = [
    *[create] * 4,
    *[write] * 3,
    *[delete] * 3,
    copy,
    create_and_roll_back,
    delete_and_roll_back,
    roll_back_a_part,
]


def _some(attachments: Any, count: int = 1) -> Any:
    attachments.env.cr.execute(
        "SELECT id FROM ir_attachment WHERE name = %s ORDER BY random() LIMIT %s", (NAME, count)
    )
    return attachments.browse([number for (number,) in attachments.env.cr.fetchall()])


def is_right(checksum: str, raw: bytes) -> bool:
    """Say whether bytes are what a row's checksum names."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest() == checksum
