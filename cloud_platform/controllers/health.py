"""Health endpoints for load balancers and Kubernetes.

``/cloud_platform/live``    the process answers; no service is asked
``/cloud_platform/ready``   the instance can serve: its databases, Redis, the stores, and the
                            report of the checks; 200 or 503

Neither makes a session. With ``cloud_platform`` in ``--load`` both also answer without a
database. Only a request with ``ODOO_CLOUD_PLATFORM_HEALTH_TOKEN`` gets the reasons.
"""

import hmac
import json
from typing import Any

from odoo import http
from odoo.http import request

from ..readiness import readiness
from ..settings import PlatformSettings

LIVE = "/cloud_platform/live"
READY = "/cloud_platform/ready"
PATHS = (LIVE, READY)

OPTIONS = {"type": "http", "auth": "none", "save_session": False, "methods": ["GET", "HEAD"]}
HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


class Health(http.Controller):
    """The two health endpoints; they need neither a log-in nor a database."""

    @http.route(LIVE, **OPTIONS)
    def live(self) -> Any:
        """Answer 200: the process can handle a request."""
        return request.make_response('{"status": "alive"}', headers=HEADERS)

    @http.route(READY, **OPTIONS)
    def ready(self) -> Any:
        """Answer 200 if all parts are ready, else 503; with the token also the reasons."""
        parts = readiness()
        ready = not any(parts.values())
        answer: dict[str, Any] = {"status": "ready" if ready else "unready"}
        if self._knows_the_token():
            answer["parts"] = {name: problem or "ok" for name, problem in parts.items()}
        response = request.make_response(json.dumps(answer), headers=HEADERS)
        response.status_code = 200 if ready else 503
        return response

    def _knows_the_token(self) -> bool:
        token = PlatformSettings.read().health_token
        given = request.httprequest.headers.get("Authorization", "").removeprefix("Bearer ")
        if token is None:
            return False
        return hmac.compare_digest(given.encode(), token.get_secret_value().encode())
