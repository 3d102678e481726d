"""The context of the lines of a thread: a request or a job.

A thread has one context at a time; a job within a request hides the request. Under gevent a
greenlet is such a thread.
"""

import os
import re
import threading
from typing import Any, NamedTuple

# formats of proxies and tracing libraries: UUIDs, base64, AWS' "Root=1-67891233-abcdef"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}", re.ASCII)

# https://www.w3.org/TR/trace-context/#traceparent-header; a later version may add parts
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


class Job(NamedTuple):
    """A job; ``kind`` is cron or queue."""

    kind: str
    name: str
    identifier: str


class Context:
    """The values that the lines of a request or a job share.

    ``request``     the ``ServedRequest`` of ``cloud_base``, None in a job
    ``database``, ``user_id``   of the job; for a request the thread knows them
    ``outer``       the context that this job hides
    ``path``        of the request without secrets, from the first line on
    ``is_logged``   True once the request has an access line
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
    # the context of the last request that has ended in this thread
    ended: Context | None = None


thread = _Thread()


def begin_request(context: Context) -> None:
    """Use the context of a request for the lines of this thread."""
    thread.context, thread.ended = context, None


def end_request(request: Any) -> None:
    """Stop using the context of a request, except for its access line.

    A request may end late and in any thread if its client has disconnected: with the garbage
    collection of its body.
    """
    if thread.context and thread.context.request is request:
        thread.ended, thread.context = thread.context, None


def begin_job(context: Context) -> None:
    """Use the context of a job for the lines of this thread; it may run within a request."""
    context.outer, thread.context = thread.context, context


def end_job() -> None:
    """Use the context from before the job."""
    if thread.context:
        thread.context = thread.context.outer


def context_of_access() -> Context | None:
    """Return the context for the next access line of this thread."""
    context = thread.context or thread.ended
    # None after a request that was not observed
    if context is None or context.is_logged:
        return None
    context.is_logged = True
    return context


def new_id() -> str:
    """Return a random id of 32 hexadecimal digits."""
    return os.urandom(16).hex()


def id_of(header: str | None) -> str:
    """Return the id in a header, or a new id if the header is missing or malformed."""
    return header if header and REQUEST_ID.fullmatch(header) else new_id()


def trace_of(header: str | None) -> tuple[str, str] | None:
    """Return the ids of the trace and of the parent span in a ``traceparent`` header."""
    match = header and TRACEPARENT.fullmatch(header)
    if not match:
        return None
    version, trace_id, span_id, more = match.groups()
    is_invalid = version == "ff" or (version == "00" and more)
    if is_invalid or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return trace_id, span_id
