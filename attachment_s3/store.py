"""S3 as an object store: boto3 in, our errors out.

One client serves a process: it is thread-safe, keeps its connections, and does not
survive a fork. boto3 is imported when a store is first used, and no sooner.
"""

import base64
import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from odoo.addons.base_attachment_object_storage.store import (
    Conflict,
    Integrity,
    NotFound,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Refused,
    StoreError,
    Unavailable,
)
from odoo.addons.base_attachment_object_storage.store.protocol import CHUNK_SIZE, OCTETS

from .settings import S3Settings

DELETE_LIMIT = 1000  # keys in one DeleteObjects request


class S3Store(ObjectStore):
    """One bucket; making one costs nothing and sends nothing."""

    presigns_content_type = True

    def __init__(self, settings: S3Settings, bucket: str) -> None:
        self.container = bucket
        self._settings = settings

    def put(
        self,
        key: str,
        content: bytes | BinaryIO,
        md5: str | None = None,
        content_type: str = OCTETS,
    ) -> None:
        content = content if isinstance(content, bytes) else content.read()
        digest = bytes.fromhex(md5) if md5 else _md5(content)
        with _translated(key):
            self._client.put_object(
                Bucket=self.container,
                Key=key,
                Body=content,
                ContentType=content_type,
                ContentMD5=base64.b64encode(digest).decode(),
            )

    def open(self, key: str, start: int = 0, length: int | None = None) -> ObjectReader:
        if length == 0:
            return ObjectReader([], 0, close=lambda: None)
        part = {}
        if start or length is not None:
            part["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        with _translated(key):
            answer = self._client.get_object(Bucket=self.container, Key=key, **part)
        body = answer["Body"]
        return ObjectReader(_chunks(body, key), answer["ContentLength"], body.close)

    def head(self, key: str) -> ObjectInfo:
        with _translated(key):
            answer = self._client.head_object(Bucket=self.container, Key=key)
        return ObjectInfo(key, answer["ContentLength"], answer["LastModified"])

    def delete_many(self, keys: Iterable[str]) -> dict[str, StoreError]:
        pending = list(keys)
        failures: dict[str, StoreError] = {}
        for at in range(0, len(pending), DELETE_LIMIT):
            objects = [{"Key": key} for key in pending[at : at + DELETE_LIMIT]]
            with _translated(f"{len(objects)} objects"):
                answer = self._client.delete_objects(
                    Bucket=self.container, Delete={"Objects": objects, "Quiet": True}
                )
            for error in answer.get("Errors", []):
                failures[error["Key"]] = _error_for(error.get("Code", ""), 0, str(error))
        return failures

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        with _translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.container, Prefix=prefix
            )
            for page in pages:
                for found in page.get("Contents", []):
                    yield ObjectInfo(found["Key"], found["Size"], found["LastModified"])

    def create_container(self) -> None:
        region = self._client.meta.region_name
        # us-east-1 is the default and, as the only region, refused as a constraint
        place = {} if region == "us-east-1" else {"LocationConstraint": region}
        options = {"CreateBucketConfiguration": place} if place else {}
        try:
            with _translated(self.container):
                self._client.create_bucket(Bucket=self.container, **options)
        except Conflict:
            with _translated(self.container):  # ours, or somebody else's?
                self._client.head_bucket(Bucket=self.container)

    def presign(
        self, key: str, seconds: int, content_type: str | None = None, disposition: str = ""
    ) -> str | None:
        parameters = {"Bucket": self.container, "Key": key}
        if content_type:
            parameters["ResponseContentType"] = content_type
        if disposition:
            parameters["ResponseContentDisposition"] = disposition
        with _translated(key):
            url: str = self._client.generate_presigned_url("get_object", parameters, seconds)
            return url

    @property
    def _client(self) -> Any:
        return _client(os.getpid(), self._settings)


@functools.cache
def _client(pid: int, settings: S3Settings) -> Any:
    """Return the client of process ``pid``: a fork gets one of its own."""
    import boto3
    from botocore.config import Config

    custom = settings.endpoint is not None
    # checksums in headers and trailers are unknown to many servers other than Amazon's,
    # and bucket names are seldom in their DNS
    checksums = "when_required" if custom else "when_supported"
    with _translated("credentials"):
        return boto3.session.Session().client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region or ("us-east-1" if custom else None),
            aws_access_key_id=_revealed(settings.access_key),
            aws_secret_access_key=_revealed(settings.secret_key),
            aws_session_token=_revealed(settings.session_token),
            config=Config(
                connect_timeout=settings.connect_timeout_seconds,
                read_timeout=settings.read_timeout_seconds,
                retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
                max_pool_connections=32,
                # the older signature, which is the default of presigned URLs, is no longer
                # taken everywhere
                signature_version="s3v4",
                s3={"addressing_style": "path" if custom else "auto"},
                request_checksum_calculation=checksums,
                response_checksum_validation=checksums,
            ),
        )


def _revealed(secret: Any) -> str | None:
    return secret.get_secret_value() if secret else None


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()


def _chunks(body: Any, key: str) -> Iterator[bytes]:
    with _translated(key):
        yield from body.iter_chunks(CHUNK_SIZE)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn whatever boto3 raises into an error of ours; ``name`` says about what."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        raise _error_for(code, status, f"{name}: {error}") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ParamValidationError,
        exceptions.NoRegionError,
    ) as error:
        raise Refused(f"{name}: {error}") from error
    except exceptions.BotoCoreError as error:  # connections, timeouts, cut bodies
        raise Unavailable(f"{name}: {error}") from error


_ERRORS: dict[str, type[StoreError]] = {
    "BadDigest": Integrity,
    "InvalidDigest": Integrity,
    "XAmzContentChecksumMismatch": Integrity,
    "XAmzContentSHA256Mismatch": Integrity,
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "InternalError": Unavailable,
    "RequestTimeout": Unavailable,
    "ServiceUnavailable": Unavailable,
    "SlowDown": Unavailable,
}


def _error_for(code: str, status: int, message: str) -> StoreError:
    if code in _ERRORS:
        return _ERRORS[code](message)
    if status == 404:
        return NotFound(message)
    if status in (409, 412):
        return Conflict(message)
    if status == 429 or status >= 500:
        return Unavailable(message)
    return Refused(message)
