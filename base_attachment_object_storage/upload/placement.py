"""The rule for content that stays in the database although attachments are in a store.

Small images are read by the dozen in list and kanban views, and assets belong to the
code of an instance: a database gives both faster, and a dump carries them along.
"""

import ast
import contextlib
import functools
import json
import re
from dataclasses import dataclass

PARAMETER = "ir_attachment.storage.force.database"
DEFAULT = {"image/": 51200, "application/javascript": 0, "text/css": 0}


class PlacementError(ValueError):
    """The system parameter is wrong; the message names it and the expected value."""


@dataclass(frozen=True)
class Placement:
    """MIME type prefixes and, for each, the size in bytes up to which content stays.

    A limit of 0 stands for any size. Content stays in the database if one of several matching
    prefixes keeps it there; their order does not matter.
    """

    limits: tuple[tuple[str, int], ...]

    @classmethod
    @functools.lru_cache(maxsize=64)
    def parse(cls, text: str | None) -> "Placement":
        """Return the rule that the system parameter's value states.

        :param text: a JSON object or a Python dict literal; blank gives the default and
            ``{}`` keeps nothing in the database
        :raises PlacementError: when it is something else
        """
        limits = _literal(text) if text and text.strip() else DEFAULT
        if not isinstance(limits, dict) or not all(map(_is_limit, limits.items())):
            raise PlacementError(_explanation())
        return cls(tuple((prefix, limit or 0) for prefix, limit in limits.items()))

    def stays_in_database(self, mimetype: str, size: int) -> bool:
        """Return True if content of this MIME type and size (bytes) stays in the database."""
        for prefix, limit in self.limits:
            if mimetype.startswith(prefix) and (limit == 0 or size <= limit):
                return True
        return False

    def sql(self, mimetype: str, size: str) -> tuple[str, list[object]]:
        """Return ``stays_in_database`` as an SQL condition on two expressions, and its values."""
        conditions = ["FALSE"]
        values: list[object] = []
        for prefix, limit in self.limits:
            condition = f"starts_with({mimetype}, %s)"
            values.append(prefix)
            if limit:
                condition = f"({condition} AND {size} <= %s)"
                values.append(limit)
            conditions.append(condition)
        return f"({' OR '.join(conditions)})", values

    def domain(self) -> list[object]:
        """Return ``stays_in_database`` as a search domain on ``ir.attachment``.

        No MIME type counts as a blank one, no size as 0.
        """
        leaves: list[list[object]] = []
        for prefix, limit in self.limits:
            # "=like" expects a pattern: escape characters with a special meaning
            pattern = re.sub(r"([%_\\])", r"\\\1", prefix)
            # not "=like" for all: no pattern finds an attachment without a type
            leaf: list[object] = [("mimetype", "=like", f"{pattern}%") if prefix else (1, "=", 1)]
            if limit:
                # no size is size 0; 17.0 and 18.0 find it in no comparison
                small = ["|", ("file_size", "=", False), ("file_size", "<=", limit)]
                leaf = ["&", *leaf, *small]
            leaves.append(leaf)
        if not leaves:
            return [(0, "=", 1)]
        return ["|"] * (len(leaves) - 1) + [term for leaf in leaves for term in leaf]


def _literal(text: str) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(text)
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise PlacementError(_explanation()) from None


def _is_limit(item: tuple[object, object]) -> bool:
    prefix, limit = item
    if limit is None or limit is False:  # the old suite took them for any size
        return isinstance(prefix, str)
    return isinstance(prefix, str) and type(limit) is int and limit >= 0


def _explanation() -> str:
    return (
        f"The system parameter {PARAMETER} must be an object of MIME type prefixes and sizes "
        f"in bytes (0 for any size), for example {json.dumps(DEFAULT)}"
    )
