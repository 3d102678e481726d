"""What the lines of a thread belong to: a request, or a job.

A thread has one context at a time, a job within a request hides the request's. Under gevent a
greenlet is such a thread.
"""

import os
import re
import threading
from typing import Any, NamedTuple

# what proxies and tracing libraries send: UUIDs, base64, AWS' "Root=1-67891233-abcdef"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}", re.ASCII)

# https://www.w3.org/TR/trace-context/#traceparent-header; a later version may add parts
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class Job(NamedTuple):
    """A job that is no request: ``kind`` is cron or queue."""

    kind: str
    name: str
    identifier: str


class Context:
    """What lines have in common.

    ``request``     the ``ServedRequest`` of ``cloud_base``, None in a job
    ``database``, ``user_id``   of the job; a request's are known to the thread
    ``outer``       the one that this one hides
    ``path``        of the request as lines have it, once one has been written
    ``is_logged``   whether the request has had its access line
    """

    __slots__ = (
        "database",
        "is_logged",
        "job",
        "outer",
        "path",
        "request",
        "request_id",
        "span_id",
        "trace_id",
        "user_id",
    )

    def __init__(
        self,
        request_id: str,
        request: Any = None,
        job: Job | None = None,
        database: str | None = None,
        user_id: int | None = None,
    ) -> None:
        self.request_id = request_id
        self.request = request
        self.job = job
        self.database = database
        self.user_id = user_id
        self.is_logged = False
        self.outer: Context | None = None
        self.path: str | None = None
        self.trace_id: str | None = None
        self.span_id: str | None = None


class _Thread(threading.local):
    context: Context | None = None
    # that of the request which this thread has ended last
    ended: Context | None = None


thread = _Thread()


def begin_request(context: Context) -> None:
    """Have the lines of this thread belong to a request."""
    thread.context, thread.ended = context, None


def end_request(request: Any) -> None:
    """Have no line belong to a request any more, except for its access line.

    A request whose client has gone may end late: when its remains are collected, in any thread.
    """
    if thread.context and thread.context.request is request:
        thread.ended, thread.context = thread.context, None


def begin_job(context: Context) -> None:
    """Have the lines of this thread belong to a job, which may run within a request."""
    context.outer, thread.context = thread.context, context


def end_job() -> None:
    """Have the lines belong to what they belonged to before the job."""
    if thread.context:
        thread.context = thread.context.outer


def context_of_access() -> Context | None:
    """Return the context that the next access line of this thread belongs to."""
    context = thread.context or thread.ended
    # after a request that was not observed there is none
    if context is None or context.is_logged:
        return None
    context.is_logged = True
    return context


def new_id() -> str:
    """Return an id as ``5b5dce0ae83a4b1f9d2d2d0b8f3a4d7c``."""
    return os.urandom(16).hex()


def id_of(header: str | None) -> str:
    """Return the id that a caller gave, or a new one where it is not well-formed."""
    return header if header and REQUEST_ID.fullmatch(header) else new_id()


def trace_of(header: str | None) -> tuple[str, str] | None:
    """Return the ids of the trace and of the caller's span in a ``traceparent`` header."""
    found = header and TRACEPARENT.fullmatch(header)
    if not found:
        return None
    version, trace_id, span_id, more = found.groups()
    is_invalid = version == "ff" or (version == "00" and more)
    if is_invalid or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return trace_id, span_id
