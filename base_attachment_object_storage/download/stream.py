"""The HTTP stream of an attachment whose content is in a store.

::

    StoreStream             made by ir.attachment._to_http_stream(): no request to the store
    └── get_response()      core's headers, and core's response to If-None-Match
        ├── 304, 412, 416   no request to the store
        ├── HEAD            one request, for the size
        └── DeliveryRule.decide()             see download/delivery.py
            ├── Redirect        302 to the store
            ├── NginxRedirect   nginx requests the object
            └── PassThrough     200 or 206: one request; the bytes pass in chunks
    └── data, read()        all bytes at once, for code that works with them
                            (resized images, ZIP files)
"""

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from odoo.http import Response, Stream, request

from ..store import ObjectReader, OutOfRange
from .body import body_of
from .byte_range import ByteRange, NotSatisfiableError
from .delivery import DeliveryRule, NginxRedirect, PassThrough, Redirect
from .stored_object import HookedObject, StoredObject

INTERNAL_LOCATION = "/_object_of_store"
# the headers that decide about a redirect: a browser must not use a cached redirect for requests
# with other values
VARY = "Sec-Fetch-Mode, Accept"


class StoreStream(Stream):
    """A stream of type ``data`` that requests the bytes from the store when they are needed.

    ``stored`` has the store and the key. ``access`` encloses each use of it, and turns errors of
    the store into errors for users. ``read_object`` returns all bytes.
    """

    type = "data"
    stored: StoredObject | HookedObject
    rule: DeliveryRule
    access: Callable[[], AbstractContextManager[None]]
    read_object: Callable[[], bytes]

    @classmethod
    def from_record(cls, attachment: Any, **parts: Any) -> "StoreStream":
        """Return the stream of an attachment; ``parts`` are the attributes of this class."""
        return cls(
            mimetype=attachment.mimetype,
            download_name=attachment.name,
            etag=attachment.checksum,
            last_modified=attachment.write_date,
            public=attachment.public,
            size=attachment.file_size,
            **parts,
        )

    @functools.cached_property
    def data(self) -> bytes:
        """All bytes, read from the store on first use."""
        return bytes(self.read_object())

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        """Return the response of core, with a body or with the address of the object."""
        if "data" in self.__dict__:  # a caller has read, or replaced, the bytes
            return super().get_response(*args, **kwargs)
        response = self._response_without_body(*args, **kwargs)
        if response.status_code != 200:
            return response
        response.headers["Accept-Ranges"] = "bytes"
        if request.httprequest.method == "HEAD":
            with self.access():
                response.content_length = self.stored.size()
            return response
        return self._deliver(response, request.httprequest.environ)

    def _response_without_body(self, *args: Any, **kwargs: Any) -> Any:
        # core makes the response of empty data, so its headers and its conditional response
        # need no request to the store
        self.data = b""
        try:
            # pylint: disable-next=super-method-mismatch
            return super().get_response(*args, **kwargs)
        finally:
            del self.data

    def _deliver(self, response: Any, environ: Mapping[str, Any]) -> Any:
        try:
            byte_range = self._requested_range(response, environ)
        except NotSatisfiableError:
            return Response(status=416, headers={"Content-Range": f"bytes */{self.size}"})
        with self.access():
            match self.rule.decide(self.stored, environ, response):
                case Redirect(url, max_age):
                    return _redirect(url, max_age)
                case NginxRedirect(url):
                    return _through_nginx(response, url, byte_range)
                case PassThrough():
                    return self._pass_through(response, byte_range)

    def _requested_range(self, response: Any, environ: Mapping[str, Any]) -> ByteRange | None:
        """Return the requested range; None for the whole file."""
        header = environ.get("HTTP_RANGE")
        # only an ETag: two contents may have been written in the second that a date names
        etag = response.headers.get("ETag")
        if not header or environ.get("HTTP_IF_RANGE", etag) != etag:
            return None
        return ByteRange.parse(header, self.size or 0)

    def _pass_through(self, response: Any, byte_range: ByteRange | None) -> Any:
        reader = self._open_range(byte_range) if byte_range else None
        if reader:
            response.status_code = 206
            response.headers["Content-Range"] = str(byte_range)
        else:
            reader = self.stored.open()
        response.response = body_of(reader, self.stored.name)
        response.content_length = reader.size
        response.call_on_close(reader.close)
        return response

    def _open_range(self, byte_range: ByteRange) -> ObjectReader | None:
        """Return a reader of a range; None if the object's size differs from the row's."""
        try:
            reader = self.stored.open(byte_range.start, byte_range.length)
        except OutOfRange:
            return None
        if (reader.total, reader.size) == (byte_range.size, byte_range.length):
            return reader
        reader.close()
        return None


def _redirect(url: str, max_age: int) -> Any:
    cache = f"private, max-age={max_age}" if max_age > 0 else "no-store"
    return Response(status=302, headers={"Location": url, "Cache-Control": cache, "Vary": VARY})


def _through_nginx(response: Any, url: str, byte_range: ByteRange | None) -> Any:
    response.headers["X-Accel-Redirect"] = INTERNAL_LOCATION
    response.headers["X-Object-Url"] = url
    if byte_range:
        # Odoo has compared If-Range with its own ETag, which the store does not know
        response.headers["X-Object-Range"] = byte_range.as_request
    # nginx reports the bytes that it sends
    response.content_length = 0
    return response
