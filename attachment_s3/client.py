"""The client of an S3 server, and the one place where its errors become ours.

It is botocore's, which boto3 only wraps: to import the wrapper would make the first use of
S3 in each process slower. Nothing of it is imported before that first use.
"""

import base64
import hashlib
from collections.abc import Iterator
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

from .settings import S3Settings

DEFAULT_REGION = "us-east-1"  # of servers that know no regions
CONNECTIONS = 32  # kept open by a process at most


def _make(settings: S3Settings) -> Any:
    import botocore.session

    with translated("credentials"):
        client = botocore.session.Session().create_client(
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


def _sign_with_md5(params: Any, **_event: Any) -> None:
    """Send the checksum that every server knows; the protocol demands one here."""
    for name in [name for name in params["headers"] if name.lower().startswith("x-amz-checksum")]:
        del params["headers"][name]
    params["context"].pop("checksum", None)
    digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def revealed(secret: Any) -> str | None:
    """Return the text of a secret of the settings; None where there is none."""
    return secret.get_secret_value() if secret else None


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn whatever botocore raises into an error of ours; ``name`` says about what."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    try:
        yield
    except exceptions.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        raise error_for(code, status, f"{name}: {error}") from error
    except (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ParamValidationError,
        exceptions.NoRegionError,
        exceptions.InvalidRegionError,
        exceptions.UnsupportedS3ConfigurationError,
        exceptions.ProfileNotFound,
        UnicodeEncodeError,  # a key that is no Unicode text
    ) as error:
        raise Refused(f"{name}: {error}") from error
    except exceptions.FlexibleChecksumError as error:
        raise Integrity(f"{name}: {error}") from error
    # connections, timeouts, cut bodies, answers that are no S3
    except (exceptions.BotoCoreError, ResponseParserError, OSError) as error:
        raise Unavailable(f"{name}: {error}") from error


def field(answer: Any, name: str, of: str) -> Any:
    """Return what every S3 answer of its kind has.

    :raises Unavailable: when it is missing: somebody else answered, as a network that wants a
        login does with a page
    """
    value = answer.get(name)
    if value is None:
        raise Unavailable(f"{of}: what answers is no S3 server")
    return value


_ERRORS: dict[str, type[StoreError]] = {
    "BadDigest": Integrity,
    "InvalidDigest": Integrity,
    "XAmzContentChecksumMismatch": Integrity,
    "XAmzContentSHA256Mismatch": Integrity,
    "NoSuchKey": NotFound,
    "NoSuchBucket": Refused,
    "NoSuchUpload": Conflict,
    "InvalidRange": OutOfRange,
    "InternalError": Unavailable,
    "RequestTimeout": Unavailable,
    "ServiceUnavailable": Unavailable,
    "SlowDown": Unavailable,
    "Throttling": Unavailable,
}


def error_for(code: str, status: int, message: str) -> StoreError:
    """Return our error for what a server answers."""
    if code in _ERRORS:
        return _ERRORS[code](message)
    if status == 404:
        return NotFound(message)
    if status in (409, 412):
        return Conflict(message)
    if status == 416:
        return OutOfRange(message)
    if status == 429 or status >= 500:
        return Unavailable(message)
    return Refused(message)
