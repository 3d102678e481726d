"""The HTTP stream of an attachment whose content is in a store.

How::

    StoreStream             made by ir.attachment._to_http_stream(): no request to the store
    └── get_response()      core's headers and its answer to If-None-Match
        ├── 304, 412, 416   still no request to the store
        ├── HEAD            asks the store whether there is such an object
        ├── 302             to the store          (see download/delivery.py)
        ├── X-Accel         nginx asks the store  (see download/delivery.py)
        └── 200, 206        one request; the bytes pass in chunks (see download/body.py)
    └── data, read()        all bytes at once, for code that works on them
                            (resized images, ZIP files)
"""

import functools
from typing import Any

from odoo.http import Response, Stream, request

from ..store import OutOfRange
from .body import Body
from .byte_range import ByteRange, NotSatisfiableError
from .delivery import INTERNAL_LOCATION, VARY, Serving


class StoreStream(Stream):
    """A stream of type ``data`` that asks the store when the bytes are needed."""

    type = "data"

    @classmethod
    def of(cls, attachment: Any) -> "StoreStream":
        """Return the stream of an attachment that is in a store."""
        return cls(
            attachment=attachment,
            mimetype=attachment.mimetype,
            download_name=attachment.name,
            etag=attachment.checksum,
            last_modified=attachment.write_date,
            public=attachment.public,
            size=attachment.file_size,
        )

    @functools.cached_property
    def data(self) -> bytes:
        return bytes(self.attachment._read_from_store(self._name))

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        if "data" in self.__dict__:  # somebody has read, or replaced, the bytes
            return super().get_response(*args, **kwargs)
        # core makes the response of an empty body, so that its headers and its
        # conditional answer cost no request to the store
        self.data = b""
        try:
            response = super().get_response(*args, **kwargs)
        finally:
            del self.data
        if response.status_code != 200:
            return response
        response.headers["Accept-Ranges"] = "bytes"
        if request.httprequest.method == "HEAD":
            response.content_length = self.attachment._size_in_store(self._name)
            return response
        try:
            wanted = self._wanted(response)
        except NotSatisfiableError:
            return _without_body(416, {"Content-Range": f"bytes */{self.size}"})
        return self._elsewhere(response, wanted) or self._here(response, wanted)

    def _wanted(self, response: Any) -> ByteRange | None:
        """Return the range that is asked for; None for the whole file."""
        environ = request.httprequest.environ
        header = environ.get("HTTP_RANGE")
        # an ETag only: two contents may have been written in the second that a date names
        condition = environ.get("HTTP_IF_RANGE", response.headers.get("ETag"))
        if not header or condition != response.headers.get("ETag"):
            return None
        return ByteRange.of(header, self.size or 0)

    def _elsewhere(self, response: Any, wanted: ByteRange | None) -> Any:
        """Return the answer that lets somebody else send the bytes; None where Odoo does."""
        serving = self.attachment._storage_serving()
        disposition = response.headers.get("Content-Disposition", "")
        as_attachment = disposition.startswith("attachment")
        environ = request.httprequest.environ
        if not serving.takes(environ, response.mimetype or "", as_attachment):
            return None
        if serving is Serving.X_ACCEL:
            url = self.attachment._url_in_store(self._name)
            return url and _through_nginx(response, url, wanted)
        url = self.attachment._url_in_store(
            self._name, response.headers["Content-Type"], disposition, public=True
        )
        if not url:
            return None
        # the browser forgets the way when its URL ends, and where the file may be kept only
        kept = min(response.cache_control.max_age or 0, self.attachment._seconds_of_urls() // 2)
        cache = f"private, max-age={kept}" if kept > 0 else "no-store"
        headers = {"Location": url, "Cache-Control": cache, "Vary": VARY}
        return _without_body(302, headers)

    def _here(self, response: Any, wanted: ByteRange | None) -> Any:
        """Return the answer whose bytes Odoo passes on."""
        reader = self._open_part(wanted) if wanted else None
        if reader is None:
            reader, wanted = self._open(), None
        if wanted:
            response.status_code = 206
            response.headers["Content-Range"] = str(wanted)
        with self.attachment._store_access(self._name):
            body = Body(reader, self._name)
        response.response = body
        response.content_length = reader.size
        response.call_on_close(body.close)
        return response

    @property
    def _name(self) -> str:
        return str(self.attachment.store_fname)

    def _open(self, *part: int) -> Any:
        return self.attachment._open_from_store(self._name, *part)

    def _open_part(self, wanted: ByteRange) -> Any:
        """Return a reader of a range; None where the object's size is not what the row says."""
        try:
            reader = self._open(wanted.start, wanted.length)
        except OutOfRange:
            return None
        if (reader.total, reader.size) == (wanted.size, wanted.length):
            return reader
        reader.close()
        return None


def _without_body(status: int, headers: dict[str, str]) -> Any:
    return Response(status=status, headers=headers)


def _through_nginx(response: Any, url: str, wanted: ByteRange | None) -> Any:
    response.headers["X-Accel-Redirect"] = INTERNAL_LOCATION
    response.headers["X-Object-Url"] = url
    if wanted:
        # Odoo has compared If-Range with its own ETag, which the store does not know
        response.headers["X-Object-Range"] = wanted.as_request
    # the bytes of nginx's own request to the store are counted there
    response.content_length = 0
    return response
