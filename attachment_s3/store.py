"""S3 as an object store: each verb is one request.

::

    put     single_put.py: PutObject; a large object: multipart.py
    read    GetObject           head    HeadObject      these three: direct.py first
    delete  DeleteObjects       list    ListObjectsV2
            └── DeleteObject for each key, where a server has no bulk request
"""

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from odoo.addons.base_attachment_object_storage.store import (
    CHUNK_SIZE,
    PARALLEL_DELETES,
    Conflict,
    Content,
    LockKey,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Refused,
    StoreError,
    Unavailable,
    delete_singly,
    endpoint_name,
    total_of,
    without_bulk,
)

from . import direct, multipart, regions, single_put
from .client import (
    call,
    client_for,
    failures_in,
    field,
    headers_of,
    length_in,
    revealed,
    translated,
)
from .dialects import IS_NEW, has_no_bulk, has_no_conditions
from .settings import S3Settings


class S3Store(ObjectStore):
    """One bucket; creating an object of this class sends nothing."""

    backend = "s3"
    presigns_content_type = True

    def __init__(self, settings: S3Settings, bucket: str) -> None:
        self.container = bucket
        self._settings = settings

    @functools.cached_property
    def endpoint(self) -> str:
        """A name of the server, region and credentials, without secrets."""
        settings = self._settings
        secrets = settings.access_key, settings.secret_key, settings.proxy
        address = settings.endpoint, settings.region
        return endpoint_name(self.backend, *address, *map(revealed, secrets))

    def _impatient(self) -> "S3Store":
        return S3Store(self._settings.impatient(), self.container)

    @property
    def _located(self) -> S3Settings:
        return regions.located(self._settings, self.container)

    @property
    def _client(self) -> Any:
        return client_for(self._located)

    @property
    def _public_client(self) -> Any:
        """A client that sends nothing: the host is a part of the signature."""
        host = self._settings.public_endpoint
        if not host:
            return self._client
        # a host other than Amazon's says nothing of the region
        elsewhere = {"endpoint": host, "region": self._client.meta.region_name}
        return client_for(self._settings.model_copy(update=elsewhere))

    @property
    def delete_limit(self) -> int:
        """The number of keys that one request may delete."""
        # S3 accepts 1000; with so many, Swift's S3 API exceeds the timeout of an answer
        return PARALLEL_DELETES if self._settings.endpoint in without_bulk else 100

    def _find_region(self) -> None:
        """Find the region of the bucket, for which a URL is signed."""
        if regions.is_known(self._settings, self.container):
            return
        client = self._client
        with self._contact(), translated(self.container):
            region = regions.ask(client, self.container) or client.meta.region_name
        regions.remember(self._settings, self.container, region)

    def _create_container(self) -> None:
        client = self._client
        region = client.meta.region_name
        # us-east-1 is the default and, as the only region, refused as a constraint
        options = {}
        if region not in (None, "us-east-1", "aws-global"):
            options["CreateBucketConfiguration"] = {"LocationConstraint": region}
        try:
            with translated(self.container):
                client.create_bucket(Bucket=self.container, **options)
        except (Conflict, Refused):
            # it belongs to another account, or to ours, or the key may only use existing buckets
            if not self.has_container():
                raise

    def presign(
        self,
        key: str,
        seconds: int,
        content_type: str | None = None,
        disposition: str = "",
        public: bool = False,
    ) -> str | None:
        """Return a URL; where the region is not known, one request of a process asks for it."""
        self._find_region()
        parameters = {"Bucket": self.container, "Key": key}
        if content_type:
            parameters["ResponseContentType"] = content_type
        if disposition:
            parameters["ResponseContentDisposition"] = disposition
        with translated(self._name(key)):
            client = self._public_client if public else self._client
            url: str = client.generate_presigned_url("get_object", parameters, seconds)
            return url

    def _put(self, key: str, content: Content, content_type: str) -> None:
        if isinstance(content.source, bytes) and not self._is_multipart(content):
            self._begin_put(key, content, content_type).wait()
        else:
            self._put_if(None, key, content, content_type)

    def _put_new(self, key: str, content: Content, content_type: str) -> None:
        # every server is asked; one that knows conditions also decides between two writers
        self._require_free(key)
        try:
            self._put_if(IS_NEW, key, content, content_type)
        except StoreError as error:
            if not has_no_conditions(error.__cause__):
                raise
            self._put_if(None, key, content, content_type)

    def _put_if(
        self, condition: dict[str, str] | None, key: str, content: Content, content_type: str
    ) -> None:
        options = self._options(content_type)
        if self._is_multipart(content):
            target = {"Bucket": self.container, "Key": key}
            multipart.put(self._settings, target, options, content, condition)
        else:
            single_put.put(self._settings, self.container, key, content, options, condition)

    def _is_multipart(self, content: Content) -> bool:
        return content.size > self._settings.multipart_threshold_bytes

    def _can_begin_put(self) -> bool:
        return direct.serves(self._settings, self.container)

    def _begin_put(self, key: str, content: Content, content_type: str) -> single_put.SinglePut:
        options = self._options(content_type)
        return single_put.begin(self._settings, self.container, key, content, options)

    def _open(self, key: str, start: int, length: int | None) -> ObjectReader:
        part = {}
        if start or length is not None:
            part["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        name = f"{self.container}/{key}"
        answer, settings = direct.attempt(self._settings, self.container, key, "GET", part)()
        if answer:
            chunks, close, headers = answer.chunks(CHUNK_SIZE), answer.close, answer.headers
        else:
            with translated(name):
                answer = call(settings, self.container, "get_object", Key=key, **part)
                headers, body = headers_of(answer), answer["Body"]
            chunks, close = body.iter_chunks(CHUNK_SIZE), body.close
        try:
            field(headers, "etag", name)
            size, part_of = length_in(headers, name), headers.get("content-range")
            if part_of and not (part and part_of.startswith(f"bytes {start}-")):
                raise Unavailable(f"{name}: the answer is another part: {part_of}")
        except StoreError:
            close()
            raise
        return ObjectReader(_translated(chunks, name), size, close, total_of(part_of, size))

    def _head(self, key: str) -> ObjectInfo:
        answer, settings = direct.attempt(self._settings, self.container, key, "HEAD")()
        with translated(self._name(key)):
            if answer:
                headers = answer.headers
            else:
                headers = headers_of(call(settings, self.container, "head_object", Key=key))
            field(headers, "etag", self._name(key))
            modified = parsedate_to_datetime(field(headers, "last-modified", self._name(key)))
            size = length_in(headers, self._name(key))
        return ObjectInfo(key, size, modified, headers.get("content-type", ""))

    def _delete_batch(self, keys: list[str]) -> dict[str, StoreError]:
        from botocore.exceptions import ClientError

        objects = [{"Key": key} for key in keys]
        try:
            with translated(f"{len(keys)} objects of {self.container}"):
                answer = self._call("delete_objects", Delete={"Objects": objects})
                return failures_in(answer, keys)
        except StoreError as error:
            if isinstance(error.__cause__, ClientError) and has_no_bulk(error.__cause__):
                without_bulk.add(self._settings.endpoint)
                return delete_singly(keys, self._delete)
            raise

    def _delete(self, key: str) -> None:
        with translated(self._name(key)):
            answer = self._call("delete_object", Key=key)
            if answer["ResponseMetadata"]["HTTPStatusCode"] != 204:
                raise Unavailable(
                    f"{self._name(key)}: the response did not come from an S3 server"
                )

    def _page(self, prefix: str, after: str | None) -> tuple[list[ObjectInfo], str | None]:
        return self._listed(prefix, {"ContinuationToken": after} if after else {})

    def _first_page(self, prefix: str, start_after: str) -> tuple[list[ObjectInfo], str | None]:
        return self._listed(prefix, {"StartAfter": start_after} if start_after else {})

    def discard_unfinished(
        self, prefix: str, before: datetime, lock: LockKey, dry_run: bool = False
    ) -> int:
        """Abort the multipart uploads that began before a time, and return their number."""
        with self._measured("discard"), self._found():
            return multipart.discard(self._settings, self.container, prefix, before, dry_run)

    def _listed(self, prefix: str, more: dict[str, str]) -> tuple[list[ObjectInfo], str | None]:
        with translated(f"{self.container}/{prefix}"):
            answer = self._call("list_objects_v2", Prefix=prefix, **more)
            truncated = field(answer, "IsTruncated", self.container)
            found = [
                ObjectInfo(entry["Key"], entry["Size"], entry["LastModified"])
                for entry in answer.get("Contents", [])
                if entry["Key"].startswith(prefix)
            ]
            following = answer["NextContinuationToken"] if truncated else None
            if following and following == more.get("ContinuationToken"):
                raise Unavailable(f"{self.container}: the listing does not go on")
        return found, following

    def _call(self, operation: str, **parameters: Any) -> Any:
        return call(self._settings, self.container, operation, **parameters)

    @functools.cached_property
    def _fixed_options(self) -> dict[str, str]:
        return self._settings.object_options()

    def _options(self, content_type: str) -> dict[str, str]:
        return {"ContentType": content_type, **self._fixed_options}

    def _name(self, key: str) -> str:
        return f"{self.container}/{key}"


store_for = functools.lru_cache(maxsize=256)(S3Store)


def _translated(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    with translated(name):
        yield from chunks
