"""The plain requests that attachments live on, without what botocore does around each.

For every request botocore checks parameters, looks the address up in a set of rules, tells
some thirty events, and parses: more than what all the rest takes, when a server is near; and
to make its client takes longer than dozens of requests. Here a request is signed by botocore
and sent on connections of our own. Only what is plain goes this way: a server and keys that
the variables name, the bucket in the path, no proxy, checksums that every server knows.
Anything else is left to the client, which tries again as ever::

    attempt()() ── answer 2xx ─────── (answer, …)
               ├── an answer of S3 ── our error
               └── anything else ──── (None, a client with the tries that are left)
"""

import random
import re
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from odoo.addons.base_attachment_object_storage.store import ClientPerProcess, Unavailable

from .client import CONNECTIONS, DEFAULT_REGION, client_for, error_for, revealed, translated
from .connections import Answer, Connections
from .settings import S3Settings

USER_AGENT = "Odoo attachment_s3"
LARGEST = 1024 * 1024  # bytes: what is larger asks the server first whether it takes it

# the server means another address; the client knows how to go there
_ELSEWHERE = {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "Redirect"}
# what needs no encoding, and is no access point
_PLAIN_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]+[a-z0-9]")
_CODE = re.compile(rb"<Code>([^<]*)</Code>")


# an answer, or None and a client of botocore
Outcome = tuple[Answer | None, Any]


class _Place:
    """Where the objects of a bucket are."""

    def __init__(self, settings: S3Settings, bucket: str) -> None:
        from botocore.credentials import Credentials

        self.is_direct = _is_plain(settings, bucket)
        if not self.is_direct:
            return
        self._base = f"{(settings.endpoint or '').rstrip('/')}/{bucket}/"
        self._path = urlsplit(self._base).path
        self._connections = _connections_to(self._base, settings)
        self._region = settings.region or DEFAULT_REGION
        self._credentials = Credentials(
            *map(revealed, (settings.access_key, settings.secret_key, settings.session_token))
        )

    def send(
        self, method: str, key: str, headers: dict[str, str], body: bytes
    ) -> Callable[[], Answer]:
        """Send a request once; the function that is returned waits for the answer."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.utils import percent_encode

        name = percent_encode(key, safe="/~")
        headers = {**headers, "User-Agent": USER_AGENT}
        request = AWSRequest(method, self._base + name, headers, body or None)
        # over HTTPS the checksum guards the body, as in botocore
        request.context["has_streaming_input"] = bool(body)
        S3SigV4Auth(self._credentials, "s3", self._region).add_auth(request)
        signed = dict(request.headers.items())
        return self._connections.send(method, self._path + name, signed, body)


def _is_plain(settings: S3Settings, bucket: str) -> bool:
    from botocore.utils import get_environ_proxies

    return bool(
        settings.endpoint
        and settings.access_key
        and settings.addressing_style == "path"
        and _PLAIN_BUCKET.fullmatch(bucket)
        and "when_supported" not in (settings.request_checksums, settings.response_checksums)
        and not settings.proxy
        and not get_environ_proxies(settings.endpoint)
    )


def _connections_to(url: str, settings: S3Settings) -> Connections:
    from botocore.httpsession import get_cert_path

    tls = None
    if url.startswith("https:"):
        tls = ssl.create_default_context(cafile=get_cert_path(settings.ca_bundle or True))
    return Connections(
        urlsplit(url),
        tls,
        settings.connect_timeout_seconds,
        settings.read_timeout_seconds,
        CONNECTIONS,
    )


_place_of: ClientPerProcess[tuple[S3Settings, str], _Place] = ClientPerProcess(
    lambda key: _Place(*key)
)


def serves(settings: S3Settings, bucket: str) -> bool:
    """Say whether requests for the objects of a bucket are sent from here."""
    with translated(bucket):
        return _place_of((settings, bucket)).is_direct


def attempt(
    settings: S3Settings,
    bucket: str,
    key: str,
    method: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Callable[[], Outcome]:
    """Send a request; the function that is returned gives what becomes of it.

    That is its answer, or None and the client that has to do it. The function raises
    ``StoreError``: what the server says is so, and will be.
    """
    name = f"{bucket}/{key}"
    with translated(name):
        place = _place_of((settings, bucket)) if key and len(body) <= LARGEST else None
        if place is None or not place.is_direct:
            return lambda: (None, client_for(settings))
        try:
            answer = place.send(method, key, headers or {}, body)
        except OSError as error:
            answer = partial(_fail, error)
    return lambda: _outcome(place, name, settings, answer, has_body=method == "GET")


def _outcome(
    place: _Place,
    name: str,
    settings: S3Settings,
    wait: Callable[[], Answer],
    has_body: bool,
) -> Outcome:
    attempts = settings.max_attempts
    with translated(name):
        answer = _answer(place, attempts, wait)
        if answer is not None and answer.status < 300:
            if not answer.headers.get("ETag"):
                answer.close()
                raise Unavailable(f"{name}: what answers is no S3 server")
            if not has_body:
                answer.read()  # for the connection to be used again
            return answer, None
        if answer is not None and _is_elsewhere(place, name, answer, attempts):
            return None, client_for(settings)
    return None, client_for(settings.model_copy(update={"max_attempts": attempts - 1}))


def _answer(place: _Place, attempts: int, wait: Callable[[], Answer]) -> Answer | None:
    """Return the answer, or None where there is none and a try is left."""
    try:
        return wait()
    except OSError as error:
        if isinstance(error, ssl.SSLError):  # the user's AWS configuration may trust others
            place.is_direct = False
        if attempts == 1:
            raise
        return None


def _fail(error: OSError) -> Answer:
    raise error


def _is_elsewhere(place: _Place, name: str, answer: Answer, attempts: int) -> bool:
    """Say whether the server wants the request at another address.

    :raises StoreError: unless another try may help, and there is one
    """
    status = answer.status
    found = _CODE.search(answer.read())
    code = found[1].decode(errors="replace") if found else str(status)
    if status < 400 or code in _ELSEWHERE:
        place.is_direct = False  # the client finds out where, and remembers it
        return True
    error = error_for(code, status, f"{name}: the server answered {status} {code}")
    if not isinstance(error, Unavailable) or attempts == 1:
        raise error
    time.sleep(random.random())  # as botocore before its second try
    return False
