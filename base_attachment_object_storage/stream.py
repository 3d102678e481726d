"""The HTTP stream of an attachment whose content is in a store.

How::

    StoreStream             made by ir.attachment._to_http_stream(): no request to the store
    └── get_response()      core's headers and its answer to If-None-Match
        ├── 304             still no request to the store
        └── 200             one request; the bytes pass in chunks
    └── data, read()        all bytes at once, for code that works on them
                            (resized images, ZIP files)
"""

import functools
from typing import Any

from odoo.http import Stream

from .store import ObjectReader


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
        with self._open() as reader:
            return reader.read()

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
        if response.status_code == 200:
            reader = self._open()
            response.response = reader
            response.content_length = reader.size
            response.call_on_close(reader.close)
        return response

    def _open(self) -> ObjectReader:
        reader: ObjectReader = self.attachment._open_from_store(self.attachment.store_fname)
        return reader
