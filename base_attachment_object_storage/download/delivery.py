"""Decide who sends the bytes of a download: Odoo, the store, or the web server before Odoo.

=============  ==========  ==================================================================
PassThrough    stream      Odoo's worker reads the object and passes the bytes on
Redirect       redirect    the store: the client is redirected to a URL that is valid briefly
NginxRedirect  x-accel     nginx, which gets such a URL that no client sees; see ``nginx/``
=============  ==========  ==================================================================

In each case Odoo checks the access rights first. Odoo passes the bytes on if a redirect would
change the result for the client:

- Content that a browser does not merely show (HTML, SVG, XML, scripts…) must not be opened from
  the address of the store, where Odoo's ``Content-Security-Policy`` is missing.
- A script that fetches a file cannot read it from another address (CORS), nor through a redirect
  that the browser has cached from a page that showed the file (``VARY``).
- A player of audio and video requests further parts from the address of the first part for as
  long as the user listens or watches. By then that address is no longer valid.
- A request that did not pass through an nginx with ``x-accel`` would get an empty body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .serving import Serving
from .stored_object import HookedObject, StoredObject

# set by nginx in its requests to Odoo; a client that forges it gets an empty body, and the URL
# of a file that it may read anyway
ANNOUNCED = "HTTP_X_ACCEL_OBJECT"

# types that browsers show without running any of the content
_SHOWN = re.compile(
    r"audio/[^;]+|video/[^;]+|application/pdf|text/plain"
    r"|image/(png|jpe?g|gif|webp|bmp|tiff|avif|heic|x-icon|vnd\.microsoft\.icon)"
)
# types that are played while they are read, in parts
_PLAYED = re.compile(r"(audio|video)/.*")
# values of Sec-Fetch-Mode of a request by a script, and not by the browser itself
_READ_BY_SCRIPT = ("cors", "same-origin")


@dataclass(frozen=True)
class PassThrough:
    """Odoo reads the object and passes the bytes on."""


@dataclass(frozen=True)
class Redirect:
    """The store sends the bytes; a browser may cache the redirect for ``max_age`` seconds."""

    url: str
    max_age: int


@dataclass(frozen=True)
class NginxRedirect:
    """Nginx requests the URL and sends the bytes."""

    url: str


Delivery = PassThrough | Redirect | NginxRedirect


@dataclass(frozen=True)
class DeliveryRule:
    """The preferred sender of a database, and the lifetime of its URLs in seconds."""

    serving: Serving
    url_seconds: int

    def decide(
        self, stored: StoredObject | HookedObject, environ: Mapping[str, Any], response: Any
    ) -> Delivery:
        """Return the delivery of an object for a GET request.

        :param environ: the WSGI environment of the request
        :param response: the response without a body, with its headers
        """
        if self.serving is Serving.REDIRECT:
            return self._redirect(stored, environ, response) or PassThrough()
        if self.serving is Serving.X_ACCEL and environ.get(ANNOUNCED) == "1":
            url = stored.url(self.url_seconds)
            return NginxRedirect(url) if url else PassThrough()
        return PassThrough()

    def _redirect(
        self, stored: StoredObject | HookedObject, environ: Mapping[str, Any], response: Any
    ) -> Redirect | None:
        disposition = response.headers.get("Content-Disposition", "")
        mimetype = response.mimetype or ""
        is_opened = not disposition.startswith("attachment")
        if _may_be_script(environ) or (is_opened and not _may_be_opened(mimetype)):
            return None
        content_type = response.headers["Content-Type"]
        url = stored.url(self.url_seconds, content_type, disposition, public=True)
        if not url:
            return None
        # the cached redirect expires before its URL, and exists only if the file may be cached
        max_age = min(response.cache_control.max_age or 0, self.url_seconds // 2)
        return Redirect(url, max_age)


def _may_be_script(environ: Mapping[str, Any]) -> bool:
    """Return True if a script may read the response.

    Browsers name the reader, but not to a site without HTTPS, and old browsers never do. There a
    script accepts any type, while pages and images are requested by their types.
    """
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    if mode:
        return mode in _READ_BY_SCRIPT
    is_browser = str(environ.get("HTTP_USER_AGENT", "")).startswith("Mozilla/")
    return is_browser and environ.get("HTTP_ACCEPT", "*/*") == "*/*"


def _may_be_opened(mimetype: str) -> bool:
    """Return True if a browser may open this type from the store: shown, not run, not played."""
    essence = mimetype.partition(";")[0].strip().lower()
    return bool(_SHOWN.fullmatch(essence)) and not _PLAYED.match(essence)
