"""Outgoing mail whose files cannot be read while the store is away: it is sent later.

Core's ``mail.mail`` treats any error as permanent, sets the e-mail to "Delivery Failed",
and never tries again. An e-mail that only an outage of the store has kept from being sent goes
back into the queue. This addon does not depend on ``mail``: where a registry has the model, its
class gets these two methods around core's::

    _send ── core ── _prepare_outgoing_list ── Unavailable ── noted
      └── back into the queue
"""

from datetime import timedelta
from typing import Any

from odoo import fields

from ..store import Unavailable

RETRY = timedelta(minutes=1)
NOTES = "mails_that_wait_for_the_store"  # in the context: the list of their ids


def retry_after_outages(model: type) -> None:
    """Patch a registry's ``mail.mail`` to queue mails again after an outage of the store."""
    if "_send" in vars(model):
        return
    core_send: Any = model._send  # type: ignore[attr-defined]
    core_prepare: Any = model._prepare_outgoing_list  # type: ignore[attr-defined]

    def _send(self: Any, *args: Any, **kwargs: Any) -> Any:
        waiting: list[int] = []
        result = core_send(self.with_context(**{NOTES: waiting}), *args, **kwargs)
        held_back = self.browse(waiting).filtered(lambda mail: mail.state == "exception")
        held_back.write({"state": "outgoing", "scheduled_date": fields.Datetime.now() + RETRY})
        return result

    def _prepare_outgoing_list(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return core_prepare(self, *args, **kwargs)
        except Unavailable:
            self.env.context.get(NOTES, []).extend(self.ids)
            raise

    model._send = _send  # type: ignore[attr-defined]
    model._prepare_outgoing_list = _prepare_outgoing_list  # type: ignore[attr-defined]
