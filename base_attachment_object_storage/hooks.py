"""The patch of core that this addon installs: on Odoo 17.0, streams of attachments.

From 18.0 on a model decides how an attachment is streamed (``_to_http_stream``). 17.0 has
the class method ``http.Stream.from_attachment`` instead: there it asks the model where
the model has an answer, so databases without this addon do not notice.
"""

from typing import Any

from odoo import http

# None from 18.0 on
core_from_attachment = getattr(http.Stream, "from_attachment", None)


def delegate_streams() -> None:
    """Make 17.0's ``Stream.from_attachment`` ask the model."""
    if core_from_attachment is None:
        return

    def from_attachment(cls: type, attachment: Any) -> Any:
        if hasattr(attachment, "_to_http_stream"):
            return attachment._to_http_stream()
        return core_from_attachment(attachment)

    http.Stream.from_attachment = classmethod(from_attachment)
