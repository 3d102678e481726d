"""The plain requests of attachments, signed by botocore and sent without its client.

For every request botocore's client checks parameters, evaluates a set of rules for the address,
emits some thirty events, and parses the answer. With a near server this needs more time than the
rest of the request, and making the client needs more time than dozens of requests. Here a request
is signed by botocore and sent on separate connections. This is done for plain requests only: the
variables name the server and the keys, the bucket is in the path, there is no proxy, and every
server knows the checksums. The client sends all other requests, with the remaining tries::

    attempt()() ── answer 2xx ─────── (answer, …)
               ├── an answer of S3 ── our error, or another region: see regions.py
               └── anything else ──── (None, settings with the tries that are left)
"""

import random
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from odoo.addons.base_attachment_object_storage.store import ClientPerProcess, Unavailable

from .client import CONNECTIONS, DEFAULT_REGION, client_for, error_for, revealed, translated
from .connections import Answer, Connections
from .regions import CODES, SILENT, ask, located, region_in, remember
from .settings import S3Settings

USER_AGENT = "Odoo attachment_s3"
LARGEST = 1024 * 1024  # bytes; botocore asks the server before it sends a larger body

# names of buckets that need no encoding and are not access points
_PLAIN_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]+[a-z0-9]")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
LONGEST_ERROR = 64 * 1024  # bytes; the rest of a longer one is not read


# an answer, or None and the settings with which botocore's client has to do it
Outcome = tuple[Answer | None, S3Settings]


class _Place:
    """The address, credentials and connections for the objects of a bucket."""

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
        # over HTTPS the checksum protects the body, like in botocore
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
    """Return True if requests for the objects of a bucket are sent from here."""
    with translated(bucket):
        return _place_of((located(settings, bucket), bucket)).is_direct


def attempt(
    settings: S3Settings,
    bucket: str,
    key: str,
    method: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Callable[[], Outcome]:
    """Send a request, and return a function that waits for its outcome.

    The outcome is the answer, or None and the settings for the client that has to send the
    request. The function raises ``StoreError`` for an error of the server that is permanent.
    """
    where = located(settings, bucket)
    with translated(f"{bucket}/{key}"):
        place = _place_of((where, bucket)) if key and len(body) <= LARGEST else None
        if place is None or not place.is_direct:
            return lambda: (None, settings)
        try:
            answer = place.send(method, key, headers or {}, body)
        except OSError as error:
            answer = partial(_fail, error)
    return _Request(place, settings, bucket, key, method, answer).outcome


@dataclass(frozen=True)
class _Request:
    """A request that was sent; ``settings`` are those that were read, without its region."""

    place: _Place
    settings: S3Settings
    bucket: str
    key: str
    method: str
    wait: Callable[[], Answer]

    def outcome(self) -> Outcome:
        """Return what ``attempt()`` promises."""
        attempts = self.settings.max_attempts
        with translated(self._name):
            answer = _answer(self.place, attempts, self.wait)
            if answer is not None and answer.status < 300:
                return self._success(answer), self.settings
            if answer is not None and self._is_elsewhere(answer):
                return None, self.settings
        return None, self.settings.model_copy(update={"max_attempts": attempts - 1})

    def _success(self, answer: Answer) -> Answer:
        if not answer.headers.get("ETag"):
            answer.close()
            raise Unavailable(
                f"{self._name}: the response did not come from an S3 server: ETag is missing"
            )
        if self.method != "GET":
            answer.read()  # for the connection to be used again
        return answer

    def _is_elsewhere(self, answer: Answer) -> bool:
        """Return True if the server wants the request in another region, or at another address.

        :raises StoreError: unless another try may help, and there is one
        """
        code, region = self._reason(answer)
        if remember(self.settings, self.bucket, region):
            return True
        if code in CODES or answer.status < 400:
            self.place.is_direct = False  # the client finds out where, and remembers it
            return True
        message = f"{self._name}: the server answered {answer.status} {code}"
        error = error_for(code, answer.status, message, answer.headers.get("Content-Type", ""))
        if not isinstance(error, Unavailable) or self.settings.max_attempts == 1:
            raise error
        time.sleep(random.random())  # as botocore before its second try
        return False

    def _reason(self, answer: Answer) -> tuple[str, str | None]:
        """Return the code of an error, and the region that the server names, if it does."""
        body = answer.read(LONGEST_ERROR).decode(errors="replace")
        found = _CODE.search(body)
        code = found[1] if found else str(answer.status)
        region = region_in(answer.headers, body)
        # no body says why a HEAD is refused
        if not region and (code in CODES or code in SILENT):
            region = ask(client_for(located(self.settings, self.bucket)), self.bucket)
        return code, region

    @property
    def _name(self) -> str:
        return f"{self.bucket}/{self.key}"


def _answer(place: _Place, attempts: int, wait: Callable[[], Answer]) -> Answer | None:
    """Return the answer, or None if there is no answer and a try is left."""
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
