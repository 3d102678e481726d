"""Swift as an object store: each verb is one request.

::

    put     PUT with the MD5 as ETag; a large object: segments.py
    read    GET                 head    HEAD
    delete  bulk-delete         list    GET of the container, in pages
            └── DELETE for each key, where a server has no bulk request
"""

import functools
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from email.message import Message
from email.utils import collapse_rfc2231_value, parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from odoo.addons.base_attachment_object_storage.store import (
    CHUNK_SIZE,
    PARALLEL_DELETES,
    Content,
    LockKey,
    NotFound,
    ObjectInfo,
    ObjectReader,
    ObjectStore,
    Refused,
    StoreError,
    Unavailable,
    Unfinished,
    delete_singly,
    endpoint_name,
    total_of,
    without_bulk,
)

from . import segments
from .client import (
    SwiftClient,
    client_for,
    error_for,
    length_in,
    quoted,
    revealed,
    translated,
)
from .settings import SwiftSettings


class SwiftStore(ObjectStore):
    """One container; creating an object of this class sends nothing."""

    backend = "swift"

    def __init__(self, settings: SwiftSettings, container: str) -> None:
        self.container = container
        self._settings = settings

    @functools.cached_property
    def endpoint(self) -> str:
        """A name of the server, region and credentials, without secrets."""
        settings = self._settings
        secrets = settings.password, settings.application_secret, settings.temp_url_key
        user = settings.owner, settings.account, settings.application_credential
        address = settings.auth_url, settings.region
        return endpoint_name(self.backend, *address, *user, *map(revealed, secrets))

    def _impatient(self) -> "SwiftStore":
        return SwiftStore(self._settings.impatient(), self.container)

    @property
    def _client(self) -> SwiftClient:
        return client_for(self._settings)

    @property
    def delete_limit(self) -> int:
        """The number of keys that one request may delete."""
        # Swift deletes one object after the other before it answers
        return PARALLEL_DELETES if self._settings.auth_url in without_bulk else 100

    def _create_container(self) -> None:
        """Create the container, and make it accept URLs that are signed with the key."""
        key = self._settings.temp_url_key
        headers = {"X-Container-Meta-Temp-URL-Key": key.get_secret_value()} if key else {}
        try:
            self._client.request("PUT", quoted(self.container), headers=headers)
        except Refused:
            # a user with an ACL may only use an existing container; only its owner sets a key
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
        """Return a TempURL, which gives the stored content type in any case."""
        from swiftclient.utils import generate_temp_url

        secret = self._settings.temp_url_key
        if secret is None:
            return None
        with self._contact():  # the first use logs in
            url = urlsplit(self._client.endpoint())
        expires = int(datetime.now(timezone.utc).timestamp()) + seconds
        # the signature is for the unquoted path, the request has the quoted path
        path = f"{url.path}/{self.container}/{key}"
        signed = generate_temp_url(
            path, expires, secret.get_secret_value(), "GET", absolute=True, digest="sha256"
        )
        query = signed[len(path) :] + _disposition(disposition)
        # the address is not part of the signature
        address = (public and self._settings.public_url) or f"{url.scheme}://{url.netloc}"
        return f"{address}{quote(path)}{query}"

    def _put(self, key: str, content: Content, content_type: str) -> None:
        self._put_if({}, key, content, content_type)

    def _put_new(self, key: str, content: Content, content_type: str) -> None:
        # to ask first spares the segments of a large object that would be refused in the end
        self._require_free(key)
        self._put_if({"If-None-Match": "*"}, key, content, content_type)

    def _put_if(
        self, condition: dict[str, str], key: str, content: Content, content_type: str
    ) -> None:
        if key.startswith(segments.FOLDER):
            raise Refused(f"{key!r} would be a segment of another object")
        size = self._settings.segment_bytes
        if content.size > size:
            headers = {"Content-Type": content_type, **condition}
            segments.put(self._client, self.container, key, content, headers, size)
            return
        self._client.request(
            "PUT",
            quoted(self.container, key),
            data=content.section(0, content.size) if content.size else b"",
            headers={"Content-Type": content_type, "ETag": content.md5.hex(), **condition},
        )

    def _open(self, key: str, start: int, length: int | None) -> ObjectReader:
        headers = {"Accept-Encoding": "identity"}
        if start or length is not None:
            headers["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        path = quoted(self.container, key)
        answer = self._client.request("GET", path, headers=headers, stream=True)
        part_of = answer.headers.get("Content-Range")
        try:
            size = length_in(answer.headers, path)
            if part_of and not ("Range" in headers and part_of.startswith(f"bytes {start}-")):
                raise Unavailable(f"{path}: the answer is another part: {part_of}")
        except StoreError:
            answer.close()
            raise
        total = total_of(part_of, size)
        return ObjectReader(_chunks(answer, path, size), size, answer.close, total)

    def _head(self, key: str) -> ObjectInfo:
        path = quoted(self.container, key)
        answer = self._client.request("HEAD", path)
        with translated(path):
            modified = parsedate_to_datetime(answer.headers["Last-Modified"])
        size = length_in(answer.headers, path)
        return ObjectInfo(key, size, modified, answer.headers.get("Content-Type", ""))

    def _delete_batch(self, keys: list[str]) -> dict[str, StoreError]:
        owned = segments.of(self._client, self.container, keys)
        failures = self._delete_all(keys)
        # the segments of an object that is still there are kept
        gone = {name: key for name, key in owned.items() if key not in failures}
        now = list(gone)[: self.delete_limit]
        rest = {
            key: Unfinished(f"{key} has more segments") for key in list(gone.values())[len(now) :]
        }
        left = self._delete_all(now)
        return {**failures, **rest, **{gone[name]: error for name, error in left.items()}}

    def discard_unfinished(
        self, prefix: str, before: datetime, lock: LockKey, dry_run: bool = False
    ) -> int:
        """Delete the segments of uploads that began before a time and never ended."""
        with self._measured("discard"), self._found():
            found = segments.abandoned(self._client, self.container, prefix, before)
            return sum(self._discard(key, names, lock, dry_run) for key, names in found)

    def _discard(self, key: str, names: list[str], lock: LockKey, dry_run: bool) -> bool:
        """Delete segments unless their object is there; return True if it is not."""
        for at in range(0, len(names), self.delete_limit):
            with lock(key) as is_free:
                # a lock for each request, and so a look for each
                if not is_free or self._has(key):
                    return False
                if dry_run:
                    return True
                for error in self._delete_all(names[at : at + self.delete_limit]).values():
                    raise error
        return True

    def _has(self, key: str) -> bool:
        try:
            self._head(key)
        except NotFound:
            return False
        return True

    def _first_page(self, prefix: str, start_after: str) -> tuple[list[ObjectInfo], str | None]:
        return self._page(prefix, start_after)

    def _delete_all(self, keys: list[str]) -> dict[str, StoreError]:
        if not keys:
            return {}

        def delete(key: str) -> None:
            self._client.request("DELETE", quoted(self.container, key))

        paths = {quoted(self.container, key): key for key in keys}
        answer = self._client.request(
            "POST",
            "?bulk-delete",
            data="\n".join(paths).encode(),
            headers={"Content-Type": "text/plain", "Accept": "application/json"},
        )
        try:
            report = json.loads(answer.content)
            statuses = _statuses(report, paths)
            numbers = {key: int(status[:3]) for key, status in statuses.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            # A server without the bulk middleware answers nothing. Another answer, for example
            # of a proxy, says nothing of the next request.
            if not answer.content:
                without_bulk.add(self._settings.auth_url)
            return delete_singly(keys, delete)
        # a token is refused for each object, and only a separate request renews it
        refused = [key for key, number in numbers.items() if number == 401]
        failures: dict[str, StoreError] = {
            key: error_for(numbers[key], f"{self.container}/{key}: {status}")
            for key, status in statuses.items()
            if key not in refused
        }
        return {**failures, **delete_singly(refused, delete)}

    def _page(self, prefix: str, after: str | None) -> tuple[list[ObjectInfo], str | None]:
        parameters = {"format": "json", "prefix": prefix, "marker": after or ""}
        entries = self._client.listed(self.container, parameters)
        with translated(f"{self.container}/{prefix}"):
            found = [
                ObjectInfo(entry["name"], int(entry["bytes"]), segments.modified(entry))
                for entry in entries
                if entry["name"].startswith(prefix) and not _is_segment(entry["name"])
            ]
        following = entries[-1]["name"] if entries else None
        if following and following == after:
            raise Unavailable(f"{self.container}: the listing does not go on")
        return found, following


store_for = functools.lru_cache(maxsize=256)(SwiftStore)


def _is_segment(name: str) -> bool:
    return name.startswith(segments.FOLDER)


def _statuses(report: Any, paths: dict[str, str]) -> dict[str, str]:
    """Return what a bulk deletion says of the keys that it did not delete.

    :raises StoreError: when the request failed as a whole
    """
    by_name = {unquote(path): key for path, key in paths.items()}
    statuses = {by_name.get(unquote(name), name): status for name, status in report["Errors"]}
    whole = report["Response Status"]
    if not statuses and not whole.startswith(("200", "404")):
        raise error_for(int(whole[:3]), f"bulk-delete: {whole} {report.get('Response Body')}")
    return statuses


def _chunks(answer: Any, path: str, size: int) -> Iterator[bytes]:
    with translated(path):
        # raw: an object that was stored with a Content-Encoding stays as it is
        for chunk in answer.raw.stream(CHUNK_SIZE, decode_content=False):
            size -= len(chunk)
            yield chunk
    if size:
        raise Unavailable(f"{path}: the answer ends {size} bytes early")


def _disposition(header: str) -> str:
    """Return a Content-Disposition as a TempURL has it, in its query."""
    if not header:
        return ""
    message = Message()
    message["Content-Disposition"] = header
    # the last one is filename*, the whole name; filename has only its ASCII characters
    names = [
        collapse_rfc2231_value(value)
        for parameter, value in message.get_params([], "Content-Disposition")
        if parameter == "filename"
    ]
    # Swift leaves slashes as they are, where a header must not have them
    name = names[-1].replace("/", "_") if names else ""
    query = f"&filename={quote(name, safe='')}" if name else ""
    return query + ("&inline" if message.get_content_disposition() == "inline" else "")
