"""Small objects: one PutObject, by ``direct.py`` first and by botocore's client otherwise."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from odoo.addons.base_attachment_object_storage.store import Content

from . import direct
from .client import call, field, translated
from .dialects import HEADERS
from .settings import S3Settings


@dataclass(frozen=True)
class SinglePut:
    """A PUT that was sent; ``outcome`` returns its response."""

    bucket: str
    key: str
    content: Content
    options: dict[str, str]
    outcome: Callable[[], direct.Outcome]

    def wait(self) -> None:
        """Return when the object is stored; botocore's client tries again if it has to."""
        answer, settings = self.outcome()
        if not answer:
            put(settings, self.bucket, self.key, self.content, self.options)


def begin(
    settings: S3Settings, bucket: str, key: str, content: Content, options: dict[str, str]
) -> SinglePut:
    """Send a PUT.

    :param options: of the object, with botocore's names
    """
    headers = {HEADERS[name]: value for name, value in options.items()}
    headers["Content-MD5"] = base64.b64encode(content.md5).decode()
    body = content.source if isinstance(content.source, bytes) else b""
    outcome = direct.attempt(settings, bucket, key, "PUT", headers, body)
    return SinglePut(bucket, key, content, options, outcome)


def put(
    settings: S3Settings,
    bucket: str,
    key: str,
    content: Content,
    options: dict[str, str],
    condition: dict[str, str] | None = None,
) -> None:
    """Store content by botocore's client.

    :param settings: of the client, with the number of tries that are left
    """
    name = f"{bucket}/{key}"
    with translated(name):
        answer = call(
            settings,
            bucket,
            "put_object",
            Key=key,
            **options,
            **(condition or {}),
            Body=content.body(),
            ContentMD5=base64.b64encode(content.md5).decode(),
        )
        field(answer, "ETag", name)
