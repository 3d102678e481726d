"""The sessions in Redis: how many, and of which users and databases."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from odoo import http

SECONDS = 1.0  # for the scan: the figures of a large server are of a part of its keys
CHUNK = 500


@dataclass
class SessionFigures:
    """Figures of the sessions that a scan has read."""

    sessions: int = 0
    visitors: int = 0
    bytes: int = 0
    index_entries: int = 0
    is_complete: bool = True
    databases: Counter[str] = field(default_factory=Counter)
    users: set[tuple[str, int]] = field(default_factory=set)

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form without the id of a session or a user."""
        return {
            "sessions": self.sessions,
            "visitors": self.visitors,
            "users": len(self.users),
            "databases": dict(self.databases),
            "bytes": self.bytes,
            "index_entries": self.index_entries,
            "is_complete": self.is_complete,
        }


def session_figures(seconds: float = SECONDS) -> dict[str, Any]:
    """Return the figures of the sessions in Redis; only their place if they are in files.

    :param seconds: the time after which the scan ends, incomplete
    :raises SessionStoreUnavailable: if Redis does not respond
    """
    store = http.root.session_store
    connection = getattr(store, "connection", None)
    if connection is None:
        return {"place": "files"}

    def read(client: Any) -> dict[str, Any]:
        figures = _scan(client, store.keys, time.monotonic() + seconds)
        return {"place": "Redis", **figures.as_dict(), **_memory(client)}

    answer: dict[str, Any] = connection.run(read)
    return answer


def _scan(client: Any, keys: Any, deadline: float) -> SessionFigures:
    figures = SessionFigures()
    for pattern in keys.scan_patterns:
        for chunk in _chunks(client.scan_iter(match=pattern, count=1000)):
            _add(figures, client, keys, chunk)
            if time.monotonic() > deadline:
                figures.is_complete = False
                return figures
    return figures


def _add(figures: SessionFigures, client: Any, keys: Any, chunk: list[bytes]) -> None:
    sids = {key: keys.session_id(key.decode()) for key in chunk}
    sessions = [key for key in chunk if sids[key]]
    others = [key for key in chunk if not sids[key] and b":ended:" not in key]
    with client.pipeline(transaction=False) as pipeline:
        for key in sessions:
            pipeline.get(key)
        for key in others:
            pipeline.hlen(key)
        answers = pipeline.execute(raise_on_error=False)
    for key, payload in zip(sessions, answers, strict=False):
        if isinstance(payload, bytes):
            _add_session(figures, payload, sids[key])
    lengths = answers[len(sessions) :]
    figures.index_entries += sum(length for length in lengths if isinstance(length, int))


def _add_session(figures: SessionFigures, stored: bytes, sid: str) -> None:
    # late: session_redis must be imported by Odoo first, for its post_load to be called
    from odoo.addons.session_redis.serialization.payload import UnreadablePayload, read_payload
    from odoo.addons.session_redis.session_store.stored_session import owner_of

    try:
        values = read_payload(stored, sid).values
    except UnreadablePayload:
        return
    figures.sessions += 1
    figures.bytes += len(stored)
    database, user = owner_of(values)
    if user:
        figures.users.add((str(database), user))
    else:
        figures.visitors += 1
    if name := database or values.get("db"):
        figures.databases[str(name)] += 1


def _memory(client: Any) -> dict[str, Any]:
    """Return the memory of the server; empty if this user may not ask, or on a Cluster."""
    import redis

    try:
        info = client.info("memory")
    except redis.RedisError:
        return {}
    if not isinstance(info.get("used_memory"), int):
        return {}
    limit = info.get("maxmemory") or 0
    return {"server_memory": info["used_memory"], "server_memory_limit": limit}


def _chunks(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(keys)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
