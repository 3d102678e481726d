"""Who sends the bytes of a download: Odoo, the store, or the web server in front of Odoo.

========  ==========================================================================
stream    Odoo's worker passes them on
redirect  the store: the client is sent to a URL that is valid for a short time
x-accel   nginx, which is told such a URL that no client sees; see ``nginx/``
========  ==========================================================================

Odoo checks the access rights first, in any case. Where a redirect would change what the
client gets, Odoo passes the bytes on instead:

- what a browser does not merely show (HTML, SVG, XML, scripts...) must not be opened from the
  store's own address, where Odoo's ``Content-Security-Policy`` is missing;
- a script that fetches a file cannot read it from another address (CORS), also not by a
  redirect that the browser has kept from a page that has shown the file (``VARY``);
- a player asks for parts of audio and video for as long as somebody listens or watches, at the
  address where the first part was, which is not valid any more by then;
- a request that has not come through a web server that knows ``x-accel`` would get nothing.
"""

import enum
import re
from collections.abc import Mapping
from typing import Any

PARAMETER = "ir_attachment.storage.serving"

# set by nginx in what it passes to Odoo; a client that invents it gets an empty body, and
# the URL of a file that it may read anyhow
ANNOUNCED = "HTTP_X_ACCEL_OBJECT"
INTERNAL_LOCATION = "/_object_of_store"

# what browsers show without running any of it
_SHOWN = re.compile(
    r"audio/[^;]+|video/[^;]+|application/pdf|text/plain"
    r"|image/(png|jpe?g|gif|webp|bmp|tiff|avif|heic|x-icon|vnd\.microsoft\.icon)"
)
# what is played while it is read, in parts
_PLAYED = re.compile(r"(audio|video)/.*")
# scripts that read a file, and not the browser itself: it says so in Sec-Fetch-Mode
_READ_BY_SCRIPT = ("cors", "same-origin")
# what decides about a redirect: a browser that keeps it must not use it for other requests
VARY = "Sec-Fetch-Mode, Accept"


class ServingError(ValueError):
    """The system parameter is wrong; the message names it and says what it takes."""


class Serving(enum.Enum):
    """Who sends the bytes."""

    STREAM = "stream"
    REDIRECT = "redirect"
    X_ACCEL = "x-accel"

    @classmethod
    def parse(cls, text: str) -> "Serving":
        """Return what the system parameter's value says.

        :raises ServingError: when it is something else
        """
        try:
            return cls(text.strip())
        except ValueError:
            values = ", ".join(serving.value for serving in cls)
            raise ServingError(
                f"The system parameter {PARAMETER} takes one of: {values}"
            ) from None

    def takes(self, environ: Mapping[str, Any], mimetype: str, as_attachment: bool) -> bool:
        """Return True if this request for a file is served so; else Odoo sends the bytes."""
        if self is Serving.X_ACCEL:
            return environ.get(ANNOUNCED) == "1"
        if self is Serving.STREAM or _may_be_script(environ):
            return False
        return as_attachment or (is_shown(mimetype) and not _PLAYED.match(mimetype.lower()))


def _may_be_script(environ: Mapping[str, Any]) -> bool:
    """Return True if a script may be what reads the answer.

    Browsers say what reads it, but not to a site without HTTPS, and old ones to none. There a
    script accepts anything, while pages and images are asked for by their types.
    """
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    if mode:
        return mode in _READ_BY_SCRIPT
    is_browser = str(environ.get("HTTP_USER_AGENT", "")).startswith("Mozilla/")
    return is_browser and environ.get("HTTP_ACCEPT", "*/*") == "*/*"


def is_shown(mimetype: str) -> bool:
    """Return True if browsers show content of this type and run nothing of it."""
    return bool(_SHOWN.fullmatch(mimetype.partition(";")[0].strip().lower()))
