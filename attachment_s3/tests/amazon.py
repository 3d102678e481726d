"""Answers of Amazon's S3 about regions and rights, for ``DialectServer``."""

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

from odoo.addons.cloud_base.tests.dialects import Reply, Request

DATE = "Mon, 02 Nov 2026 10:00:00 GMT"
XML = {"Content-Type": "application/xml"}
HOST = re.compile(r"(?:(?P<bucket>[^.]+)\.)?s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com")
SCOPE = re.compile(r"[^/]+/\d{8}/(?P<region>[^/]+)/s3/aws4_request")
LIST = (
    "<ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
    "<Contents><Key>{}</Key><Size>{}</Size>"
    "<LastModified>2026-11-02T10:00:00.000Z</LastModified></Contents>",
)


@dataclass
class Amazon:
    """The bucket of one region.

    :param tells_region: in the header of each error
    :param is_opt_in: the region is one that an account has to switch on
    :param may_list: the key has the right ``s3:ListBucket``
    """

    region: str
    bucket: str = "bucket"
    tells_region: bool = True
    is_opt_in: bool = False
    may_list: bool = True
    objects: dict[str, bytes] = field(default_factory=dict)
    misdirected: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        bucket, key, region = self._address(request)
        assert bucket == self.bucket, request
        if region != self.region and not (region == "us-east-1" and self._is_here(request)):
            return self._wrong_address(request)
        if not self._is_here(request):
            return self._wrong_signature(request)
        if request.method == "HEAD" and not key:
            return Reply(200, {"x-amz-bucket-region": self.region})
        return self._perform(request, key)

    def _address(self, request: Request) -> tuple[str, str, str]:
        found = HOST.fullmatch(request.host)
        assert found, request.host
        path = unquote(request.path).lstrip("/")
        if found["bucket"]:
            return found["bucket"], path, found["region"] or "us-east-1"
        bucket, _slash, key = path.partition("/")
        return bucket, key, found["region"] or "us-east-1"

    def _is_here(self, request: Request) -> bool:
        query = parse_qs(request.query).get("X-Amz-Credential", [""])[0]
        found = SCOPE.search(request.headers.get("authorization", "") or query)
        assert found, request
        return found["region"] == self.region

    def _wrong_address(self, request: Request) -> Reply:
        if self.is_opt_in:
            return self._error(
                request,
                400,
                "IllegalLocationConstraintException",
                f"The {self.region} location constraint is incompatible for the region specific"
                " endpoint this request was sent to.",
            )
        return self._error(request, 301, "PermanentRedirect", "Use the specified endpoint.")

    def _wrong_signature(self, request: Request) -> Reply:
        return self._error(
            request,
            400,
            "AuthorizationHeaderMalformed",
            f"expecting '{self.region}'</Message><Region>{self.region}</Region><Message>",
        )

    def _error(self, request: Request, status: int, code: str, message: str) -> Reply:
        self.misdirected.append(f"{request.method} {code}")
        # the bucket itself always names it
        tells = self.tells_region or request.path in ("/", f"/{self.bucket}")
        return self._failure(
            status, code, message, {"x-amz-bucket-region": self.region} if tells else {}
        )

    def _failure(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None
    ) -> Reply:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Reply(status, {**XML, **(headers or {})}, body.encode())

    def _perform(self, request: Request, key: str) -> Reply:
        if request.method == "PUT":
            self.objects[key] = request.body
            return Reply(200, {"ETag": _etag(request.body)})
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Reply(204)
        if request.method == "POST":
            keys = re.findall(r"<Key>([^<]+)</Key>", request.body.decode())
            deleted = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in keys)
            for name in keys:
                self.objects.pop(name, None)
            return Reply(200, XML, f"<DeleteResult>{deleted}</DeleteResult>".encode())
        if not key:
            return self._listing()
        if key not in self.objects:
            if not self.may_list:
                return self._failure(403, "AccessDenied")
            return self._failure(404, "NoSuchKey")
        body = self.objects[key]
        return Reply(200, {"ETag": _etag(body), "Last-Modified": DATE}, body)

    def _listing(self) -> Reply:
        if not self.may_list:
            return self._failure(403, "AccessDenied")
        entries = [LIST[1].format(key, len(body)) for key, body in sorted(self.objects.items())]
        return Reply(200, XML, LIST[0].format("".join(entries)).encode())


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
