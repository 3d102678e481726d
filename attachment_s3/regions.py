"""The region of a bucket, if it is not the region of the settings.

A server answers a request that is signed for, or sent to, another region in many ways: 301, 307,
400 without a body, ``AuthorizationHeaderMalformed``, ``IllegalLocationConstraintException``... It
names the right region in a header or in the body. Code that reads the name calls ``remember()``;
from then on this process sends everything there, and signs URLs for it::

    located(settings, bucket)      the settings with which the bucket is reached

botocore's own redirection is switched off in ``client.py``: its clients do not know each other's
regions, it knows only the address of the settings, and it repeats the request without end if every
answer is a redirect.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .settings import S3Settings

_logger = logging.getLogger(__name__)

HEADER = "x-amz-bucket-region"

# the error codes of servers for a request that belongs to another region or address
CODES = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "Redirect",
        "TemporaryRedirect",
    }
)

# the statuses by which a HEAD says the same, for it has no body with a code
SILENT = frozenset({"301", "302", "307", "400"})

# Amazon's addresses of one region each, and the address without a region
_AMAZON = re.compile(r"s3(?:[.-](?:external-1|[a-z]{2}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(\.cn)?")
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAMED = re.compile(r"<Region>([^<]+)</Region>|The (\S+) location constraint is incompatible")

# (endpoint, region, bucket) of the settings -> the region that the server has named
_regions: dict[tuple[str | None, str | None, str], str] = {}
_located: dict[tuple[S3Settings, str], S3Settings] = {}


def located(settings: S3Settings, bucket: str) -> S3Settings:
    """Return the settings with the region, and at Amazon the address, of the bucket."""
    if not _regions:
        return settings
    region = _regions.get(_place(settings, bucket))
    if region in (None, settings.region):
        return settings
    found = _located.get((settings, bucket))
    if found is None:
        place = {"region": region, "endpoint": _endpoint_in(settings.endpoint, str(region))}
        found = _located[settings, bucket] = settings.model_copy(update=place)
    return found


def is_known(settings: S3Settings, bucket: str) -> bool:
    """Return True if the settings, or an answer of the server, name the region of the bucket."""
    return bool(settings.region) or _place(settings, bucket) in _regions


def remember(settings: S3Settings, bucket: str, region: str | None) -> bool:
    """Note the region that a server names; return True if it is another one than before.

    :param settings: as they were read, not the result of ``located()``
    """
    if not region or not _REGION.fullmatch(region):
        return False
    place = _place(settings, bucket)
    before = _regions.get(place, settings.region)
    _regions[place] = region
    _located.pop((settings, bucket), None)
    if region == before:
        return False
    if settings.region:
        _logger.warning("The bucket %s is in the region %s: set AWS_REGION to it", bucket, region)
    return True


def region_in(headers: Mapping[str, str], body: str = "") -> str | None:
    """Return the region that the answer of a server names."""
    region = headers.get(HEADER)
    if region:
        return region
    found = _NAMED.search(body)
    return (found[1] or found[2]).strip() if found else None


def is_learned_from(settings: S3Settings, bucket: str, client: Any, error: Any) -> bool:
    """Return True if an error of botocore's client shows another region than before."""
    answer, reason = error.response, error.response.get("Error", {})
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = reason.get("Region") or region_in(headers, reason.get("Message", ""))
    if not region and {reason.get("Code")} & (CODES | SILENT):
        region = ask(client, bucket)
    return remember(settings, bucket, region)


def ask(client: Any, bucket: str) -> str | None:
    """Return the region of a bucket, which Amazon returns also to a key without rights."""
    from botocore.exceptions import ClientError

    for request in (client.head_bucket, client.list_objects_v2):
        try:
            answer, reason = request(Bucket=bucket), {}
        except ClientError as error:
            answer, reason = error.response, error.response.get("Error", {})
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = reason.get("Region") or region_in(headers)
        if region or not reason:
            return str(region) if region else None
    return None


def forget() -> None:
    """Forget every region that a server has named."""
    _regions.clear()
    _located.clear()


def _place(settings: S3Settings, bucket: str) -> tuple[str | None, str | None, str]:
    return settings.endpoint, settings.region, bucket


def is_amazon(endpoint: str | None) -> bool:
    """Return True for Amazon's own servers, which are used without an endpoint as well."""
    return endpoint is None or bool(_AMAZON.fullmatch(urlsplit(endpoint).hostname or ""))


def _endpoint_in(endpoint: str | None, region: str) -> str | None:
    """Return the address of a region: Amazon has one for each, others have one for all."""
    if endpoint is None or not is_amazon(endpoint):
        return endpoint
    url = urlsplit(endpoint)
    host = f"s3.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"
    return url._replace(netloc=f"{host}:{url.port}" if url.port else host).geturl()
