"""Requests that are answered as well without their session."""

from werkzeug.exceptions import HTTPException

from odoo import http


def is_without_session() -> bool:
    """Tell whether the current request is answered as well without its session.

    So are static files, and what core serves without a database and never saves a session
    for, as the health check of a load balancer.
    """
    request = http.request
    if not request:
        return False
    if http.root.get_static_file(request.httprequest.path):
        return True
    router = http.root.nodb_routing_map.bind_to_environ(request.httprequest.environ)
    try:
        rule, _arguments = router.match(return_rule=True)
    except HTTPException:
        return False
    routing = rule.endpoint.routing
    return routing["auth"] == "none" and not routing.get("save_session", True)
