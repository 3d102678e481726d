"""A large object in parts: it appears when the last request has succeeded, or not at all.

One part at a time is in memory, and the server compares each with its MD5. After a failure
the parts that were sent are given up. Those that a killed process leaves are found by the
weekly comparison of objects and rows; a lifecycle rule of the bucket for them
(``AbortIncompleteMultipartUpload``) does the same for all that use the bucket.
"""

import base64
import logging
import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from odoo.addons.base_attachment_object_storage.store import (
    Conflict,
    Content,
    Integrity,
    NotFound,
    StoreError,
    new_md5,
)

from .client import call, client_for, field, translated
from .regions import located
from .settings import S3Settings

_logger = logging.getLogger(__name__)

MOST_PARTS = 10_000

_Target = dict[str, str]


def put(
    settings: S3Settings,
    target: _Target,
    options: dict[str, str],
    content: Content,
    condition: dict[str, str] | None = None,
) -> None:
    """Store ``content`` at ``target``, a bucket and a key.

    :param condition: under which the object may appear, for the last request
    """
    bucket, key = target["Bucket"], target["Key"]
    with translated(_name(target)):
        answer = call(settings, bucket, "create_multipart_upload", Key=key, **options)
        upload = field(answer, "UploadId", _name(target))
    settings = located(settings, bucket)
    client = client_for(settings)
    target = {**target, "UploadId": upload}
    try:
        parts = _send_parts(client, target, content, settings.multipart_part_bytes)
        with translated(_name(target)):
            answer = client.complete_multipart_upload(
                **target, **(condition or {}), MultipartUpload={"Parts": parts}
            )
            field(answer, "ETag", _name(target))
    except BaseException:
        _abort(settings, target)
        raise


def _send_parts(
    client: Any, target: _Target, content: Content, part_size: int
) -> list[dict[str, Any]]:
    part_size = max(part_size, math.ceil(content.size / MOST_PARTS))
    whole = new_md5()
    parts = []
    for number, offset in enumerate(range(0, content.size, part_size), start=1):
        body = content.part(offset, min(part_size, content.size - offset))
        whole.update(body)
        digest = new_md5()
        digest.update(body)
        with translated(_name(target)):
            answer = client.upload_part(
                **target,
                PartNumber=number,
                Body=body,
                ContentMD5=base64.b64encode(digest.digest()).decode(),
            )
        del body  # before the next one is read
        parts.append({"PartNumber": number, "ETag": field(answer, "ETag", _name(target))})
    if content.declared_md5 not in (None, whole.digest()):
        raise Integrity(f"{_name(target)}: the bytes are not those that the checksum names")
    return parts


def _abort(settings: S3Settings, target: _Target) -> None:
    # one try: the time of all tries may already have been spent on an outage
    client = client_for(settings.model_copy(update={"max_attempts": 1}))
    try:
        with translated(_name(target)):
            client.abort_multipart_upload(**target)
    except StoreError as error:
        _logger.warning("parts of %s are left behind: %s", _name(target), error)


def discard(
    settings: S3Settings, bucket: str, prefix: str, before: datetime, dry_run: bool
) -> int:
    """Abort the uploads that began before a time; return how many."""
    client = client_for(settings)
    count = 0
    for upload in _uploads(client, bucket, prefix):
        began = upload.get("Initiated")
        # a server may not know the prefix, or tell no time
        if not upload["Key"].startswith(prefix) or began is None or began >= before:
            continue
        target = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
        if not dry_run:
            _logger.info("an upload of %s that began at %s is aborted", _name(target), began)
            with suppress(Conflict, NotFound), translated(_name(target)):
                client.abort_multipart_upload(**target)
        count += 1
    return count


def _uploads(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        with translated(f"uploads of {bucket}/{prefix}"):
            answer = client.list_multipart_uploads(Bucket=bucket, Prefix=prefix, **after)
            field(answer, "ResponseMetadata", bucket)
        yield from answer.get("Uploads", [])
        following = {
            "KeyMarker": answer.get("NextKeyMarker", ""),
            "UploadIdMarker": answer.get("NextUploadIdMarker", ""),
        }
        if not answer.get("IsTruncated") or following == after:
            return
        after = following


def _name(target: _Target) -> str:
    return f"{target['Bucket']}/{target['Key']}"
