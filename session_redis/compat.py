"""The differences between the supported series of Odoo that matter for this addon."""

from typing import Any

from odoo import http


def _max_inactivity_of_17(env: Any) -> int:
    parameters = env["ir.config_parameter"].sudo()
    try:
        return int(parameters.get_param("sessions.max_inactivity_seconds", http.SESSION_LIFETIME))
    except ValueError:
        return int(http.SESSION_LIFETIME)


# Returns the seconds that an unused session lives, from the database of an environment.
# It is in core's http.py from 18.0 on; on 17.0, only ir_http.py of base reads the parameter
get_session_max_inactivity = getattr(http, "get_session_max_inactivity", _max_inactivity_of_17)

# True if devices are revoked by session identifiers (res.device, from 18.0 on)
HAS_IDENTIFIERS = hasattr(http.FilesystemSessionStore, "delete_from_identifiers")

# True if releases before 3.0 made ids of 40 hexadecimal digits where core's have 84 characters:
# the releases for 18.0 did, which did not support devices; those for 19.0 did not, because ids
# rotate softly there
HAS_OLD_IDS = HAS_IDENTIFIERS and not hasattr(http.FilesystemSessionStore, "delete_old_sessions")
