"""Where the supported series of Odoo differ for this addon."""

from typing import Any

from odoo import http
from odoo.tools import config


def server_wide_modules() -> list[str]:
    """Return the addons of ``--load``."""
    # core's tools/config.py: text on 17.0 and 18.0, a list from 19.0
    names = config["server_wide_modules"]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _max_inactivity_of_17(env: Any) -> int:
    parameters = env["ir.config_parameter"].sudo()
    try:
        return int(parameters.get_param("sessions.max_inactivity_seconds", http.SESSION_LIFETIME))
    except ValueError:
        return int(http.SESSION_LIFETIME)


# Seconds that an unused session lives by the database of an environment.
# core's http.py has it from 18.0; 17.0 reads the parameter in base's ir_http.py alone
get_session_max_inactivity = getattr(http, "get_session_max_inactivity", _max_inactivity_of_17)

# whether devices are revoked by session identifiers (res.device, from 18.0)
HAS_IDENTIFIERS = hasattr(http.FilesystemSessionStore, "delete_from_identifiers")
