"""Context keys that decide where content is stored: server code may set them, a client may not.

The context of a request comes from the client, and each series has many ways by which it
becomes an environment: ``call_kw``, XML-RPC, ``/json/2``, reports, exports, the session. They
all lead to an environment of a user, never to one of the superuser. So such an environment
never has these keys, however it was made, and a later ``sudo()`` does not find them.

Server code sets the keys as superuser, as it did for the earlier suites::

    env["ir.attachment"].sudo().with_context(storage_location="s3")

This addon itself also runs as a user, with values of a type that no client can send.
"""

from collections.abc import Mapping
from typing import Any

from odoo.api import SUPERUSER_ID, Environment

KEYS = frozenset(
    {
        "storage_location",
        "force_storage_key",
        "move_other_keys",
        "spilled_only",
        "default_store_fname",
        "default_db_datas",
    }
)

_core_new = Environment.__new__


class ServerChoice(str):
    """A value of one of the keys that code of this addon has set."""

    __slots__ = ()


def without_client_choices(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return a context without values for the keys that a client may have sent."""
    return {
        key: value
        for key, value in context.items()
        if key not in KEYS or isinstance(value, ServerChoice)
    }


def guard_environments() -> None:
    """Keep the keys out of each environment that is not the superuser's."""

    def new(cls: Any, cr: Any, uid: Any, context: Any, su: bool = False, *rest: Any) -> Any:
        # for each sudo() and with_context(): isdisjoint() reads the few keys of the context
        if context and not su and uid != SUPERUSER_ID and not KEYS.isdisjoint(context):
            context = without_client_choices(context)
        return _core_new(cls, cr, uid, context, su, *rest)

    Environment.__new__ = new
