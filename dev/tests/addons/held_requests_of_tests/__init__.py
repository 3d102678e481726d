"""A request that changes its session, and is not answered before a file is there.

Between its begin and its end a test does what another request would do.
"""

import time
from pathlib import Path

from odoo import http
from odoo.tools import config

SECONDS = 60


class HeldRequests(http.Controller):
    """The files are in the folder ``held`` of the data directory."""

    @http.route("/held_requests_of_tests/<name>", type="http", auth="user")
    def hold(self, name):
        """Change the session, tell that it has begun, and wait for leave to end."""
        http.request.session["held"] = name
        folder = Path(config["data_dir"], "held")
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.begun").touch()
        end = time.monotonic() + SECONDS
        while not (folder / f"{name}.go").exists():
            if time.monotonic() > end:
                return http.request.make_response("it was never let go")
            time.sleep(0.02)
        return http.request.make_response("held")
