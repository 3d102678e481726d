"""A large object in segments: it appears with its manifest, the last request, or not at all.

The segments are objects of the same container, because a TempURL opens no other::

    .segments/{key}/{MD5 of the whole}/{bytes of a segment}/{number}

So the same content that is put again, after a failure or by another process at the same time,
writes the same segments with the same bytes: nothing has to be removed that another may
need. Deleting an object deletes every segment under its key, also of failed uploads.
"""

import itertools
import json
import math
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from odoo.addons.base_attachment_object_storage.store import (
    Content,
    Integrity,
    new_md5,
)

from .client import SwiftClient, quoted

FOLDER = ".segments/"
MOST_SEGMENTS = 1000  # in a manifest, by Swift's default


def put(
    client: SwiftClient,
    container: str,
    key: str,
    content: Content,
    headers: dict[str, str],
    size: int,
) -> None:
    """Store a static large object in segments of ``size`` bytes, larger if they are too many.

    :param headers: of the last request, with which the object appears
    """
    size = max(size, math.ceil(content.size / MOST_SEGMENTS))
    digests = _digests(content, size, f"{container}/{key}")
    folder = f"{FOLDER}{key}/{content.md5.hex()}/{size}"
    manifest = []
    for index, digest in enumerate(digests):
        section = content.section(index * size, min(size, content.size - index * size))
        name = f"{folder}/{index:08}"
        client.request("PUT", quoted(container, name), data=section, headers={"ETag": digest})
        manifest.append(
            {"path": f"/{container}/{name}", "etag": digest, "size_bytes": len(section)}
        )
    # A server that knows no manifests would store the text of this one as the object: the
    # ETag of a large object makes it refuse.
    whole = new_md5()
    whole.update("".join(digests).encode())
    client.request(
        "PUT",
        quoted(container, key) + "?multipart-manifest=put",
        data=json.dumps(manifest).encode(),
        headers={"ETag": whole.hexdigest(), **headers},
    )


def of(client: SwiftClient, container: str, keys: list[str]) -> dict[str, str]:
    """Return the segments of objects: segment -> key."""
    wanted = set(keys)
    found: dict[str, str] = {}
    # "0" follows "/": every name under the last of the keys is before it
    limits = {"marker": FOLDER + min(keys), "end_marker": FOLDER + max(keys) + "0"}
    while True:
        parameters = {**limits, "prefix": FOLDER, "format": "json"}
        names = [entry["name"] for entry in client.listed(container, parameters)]
        if not names:
            return found
        found.update({name: key for name in names if (key := _key(name)) in wanted})
        limits["marker"] = names[-1]


def abandoned(
    client: SwiftClient, container: str, prefix: str, before: datetime
) -> Iterator[tuple[str, list[str]]]:
    """Yield each key, and its segments, of which none was stored since a time."""
    entries = _listed(client, container, FOLDER + prefix)
    # itertools: entries come in order and may be many; odoo.tools.groupby holds them all
    # pylint: disable-next=bad-builtin-groupby
    for key, group in itertools.groupby(entries, lambda entry: _key(entry["name"])):
        segments = list(group)
        if all(modified(entry) < before for entry in segments):
            yield key, [entry["name"] for entry in segments]


def modified(entry: dict[str, Any]) -> datetime:
    """Return when an object that a listing describes was stored."""
    return datetime.fromisoformat(entry["last_modified"]).replace(tzinfo=timezone.utc)


def _listed(client: SwiftClient, container: str, prefix: str) -> Iterator[dict[str, Any]]:
    parameters = {"prefix": prefix, "format": "json", "marker": ""}
    while entries := client.listed(container, parameters):
        yield from entries
        parameters["marker"] = entries[-1]["name"]


def _key(segment: str) -> str:
    return segment.removeprefix(FOLDER).rsplit("/", 3)[0]


def _digests(content: Content, size: int, name: str) -> list[str]:
    """Return the MD5 of each segment, hexadecimal.

    :raises Integrity: if the whole differs from the declared digest
    """
    whole = new_md5()
    digests = []
    for offset in range(0, content.size, size):
        digest = new_md5()
        for chunk in content.section(offset, min(size, content.size - offset)):
            digest.update(chunk)
            whole.update(chunk)
        digests.append(digest.hexdigest())
    if content.declared_md5 is None:
        content.declared_md5 = whole.digest()
    if content.md5 != whole.digest():
        raise Integrity(f"{name}: the bytes are not those that the checksum names")
    return digests
