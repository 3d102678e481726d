"""The client of an S3 server, and the one place where its errors become ours.

boto3 creates it, each time in a new session: threads cannot share a session, while they can share
a client. boto3 is imported with the first use of S3 in a process.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from odoo.addons.base_attachment_object_storage.store import (
    ClientPerProcess,
    Conflict,
    Integrity,
    NotFound,
    OutOfRange,
    Refused,
    StoreError,
    Unavailable,
)

from .regions import CODES, is_learned_from, located
from .settings import S3Settings

DEFAULT_REGION = "us-east-1"  # of servers that know no regions
CONNECTIONS = 32  # kept open by a process at most


def _make(settings: S3Settings) -> Any:
    import boto3.session

    with translated("credentials"):
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=settings.endpoint,
            region_name=settings.region or (DEFAULT_REGION if settings.endpoint else None),
            # without a value, botocore takes others: a blank REQUESTS_CA_BUNDLE verifies nothing
            verify=settings.ca_bundle or True,
            aws_access_key_id=revealed(settings.access_key),
            aws_secret_access_key=revealed(settings.secret_key),
            aws_session_token=revealed(settings.session_token),
            config=_config(settings),
        )
    client.meta.events.register("before-call.s3", _leave_redirects)
    if settings.request_checksums == "when_required":
        client.meta.events.register("before-call.s3.DeleteObjects", _sign_with_md5)
    return client


client_for = ClientPerProcess(_make)


def _config(settings: S3Settings) -> Any:
    from botocore.config import Config

    proxy = revealed(settings.proxy)
    return Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        proxies={"http": proxy, "https": proxy} if proxy else None,
        # presigned URLs are signed the old way by default, which is no longer taken everywhere
        signature_version="s3v4",
        s3={"addressing_style": settings.addressing_style},
        request_checksum_calculation=settings.request_checksums,
        response_checksum_validation=settings.response_checksums,
    )


def _leave_redirects(params: Any, **_event: Any) -> None:
    """Make botocore follow no redirect: see ``regions.py``."""
    params["context"].get("s3_redirect", {})["redirected"] = True


def call(settings: S3Settings, bucket: str, operation: str, **parameters: Any) -> Any:
    """Send a request by botocore's client; once more where the server names another region.

    :param settings: as they were read; where the bucket is has been found out or will be
    """
    from botocore.exceptions import ClientError

    client = client_for(located(settings, bucket))
    try:
        return getattr(client, operation)(Bucket=bucket, **parameters)
    except ClientError as error:
        if not is_learned_from(settings, bucket, client, error):
            raise
    if hasattr(parameters.get("Body"), "seek"):
        parameters["Body"].seek(0)
    client = client_for(located(settings, bucket))
    return getattr(client, operation)(Bucket=bucket, **parameters)


def _sign_with_md5(params: Any, **_event: Any) -> None:
    """Send the checksum that every server knows; the protocol demands one here."""
    for name in [name for name in params["headers"] if name.lower().startswith("x-amz-checksum")]:
        del params["headers"][name]
    params["context"].pop("checksum", None)
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def revealed(secret: Any) -> str | None:
    """Return the text of a secret of the settings; None if it is not set."""
    return secret.get_secret_value() if secret else None


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn errors of botocore into errors of ours about ``name``."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response.get("ResponseMetadata", {})
        raise error_for(
            error.response.get("Error", {}).get("Code", ""),
            answer.get("HTTPStatusCode", 0),
            f"{name}: {error}",
            answer.get("HTTPHeaders", {}).get("content-type", ""),
        ) from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ParamValidationError,
        exceptions.NoRegionError,
        exceptions.InvalidRegionError,
        exceptions.UnsupportedS3ConfigurationError,
        exceptions.ProfileNotFound,
        UnicodeEncodeError,  # a key that is not Unicode text
    ) as error:
        raise Refused(f"{name}: {error}") from error
    except exceptions.FlexibleChecksumError as error:
        raise Integrity(f"{name}: {error}") from error
    # connections, timeouts, cut bodies
    except (exceptions.BotoCoreError, ResponseParserError, OSError) as error:
        raise Unavailable(f"{name}: {error}") from error
    # an answer that lacks a header or an element, or has one of another form
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unavailable(f"{name}: the answer is not one of S3: {error!r}") from error


def field(answer: Any, name: str, of: str) -> Any:
    """Return a field that every S3 answer of its kind has.

    :raises Unavailable: if it is missing: the answer came from another server, for example the
        log-in page of a network
    """
    value = answer.get(name)
    if value is None:
        raise Unavailable(f"{of}: the response did not come from an S3 server: {name} is missing")
    return value


def headers_of(answer: Any) -> Mapping[str, str]:
    """Return the headers of an answer of botocore's client; their names are in lower case."""
    headers: Mapping[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    return headers


def length_in(headers: Mapping[str, str], of: str) -> int:
    """Return the Content-Length of an answer.

    :raises Unavailable: where it is missing or no number
    """
    text = str(field(headers, "content-length", of)).strip()
    if not text.isdecimal():
        raise Unavailable(
            f"{of}: the response did not come from an S3 server: its Content-Length is {text!r}"
        )
    return int(text)


_ERRORS: dict[str, type[StoreError]] = {
    "BadDigest": Integrity,
    "InvalidDigest": Integrity,
    "XAmzContentChecksumMismatch": Integrity,
    "XAmzContentSHA256Mismatch": Integrity,
    "NoSuchKey": NotFound,
    "NoSuchBucket": Refused,
    "NoSuchUpload": Conflict,
    "NotImplemented": Refused,  # with 501, which is not an outage
    "InvalidRange": OutOfRange,
    **dict.fromkeys(CODES, Refused),  # nothing has named the right region, or it did not help
    "TemporaryRedirect": Unavailable,
    "BandwidthLimitExceeded": Unavailable,
    "InternalError": Unavailable,
    "RequestLimitExceeded": Unavailable,
    "RequestThrottled": Unavailable,
    "RequestTimeout": Unavailable,
    "ServerBusy": Unavailable,
    "ServiceUnavailable": Unavailable,
    "SlowDown": Unavailable,
    "Throttling": Unavailable,
    "ThrottlingException": Unavailable,
    "TooManyRequests": Unavailable,
}


def error_for(code: str, status: int, message: str, content_type: str = "") -> StoreError:
    """Return our error for what a server answers.

    :param content_type: of the answer: a page is written by a proxy, which knows no objects
    """
    if code in _ERRORS:
        return _ERRORS[code](message)
    if 300 <= status < 400 or (status == 404 and content_type.startswith("text/html")):
        return Unavailable(f"{message}: the response did not come from an S3 server")
    if status == 404:
        return NotFound(message)
    if status in (409, 412):
        return Conflict(message)
    if status == 416:
        return OutOfRange(message)
    if status == 429 or status >= 500:
        return Unavailable(message)
    return Refused(message)


def failures_in(answer: Any, keys: list[str]) -> dict[str, StoreError]:
    """Return an error for each object that a bulk request did not delete."""
    errors, deleted = answer.get("Errors", []), answer.get("Deleted", [])
    if len(errors) + len(deleted) < len(keys):
        raise Unavailable(f"the answer names {len(deleted)} of {len(keys)} objects as deleted")
    return {
        error["Key"]: error_for(error.get("Code", ""), 0, str(error))
        for error in errors
        if error.get("Code") != "NoSuchKey"
    }
