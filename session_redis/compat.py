"""Where the supported series of Odoo differ for this addon."""

from typing import Any

from odoo import http


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

# whether releases before 3.0 made ids of 40 hex digits where core's have 84 characters: those
# for 18.0 did, which knew no devices; those for 19.0, where ids rotate softly, did not
HAS_OLD_IDS = HAS_IDENTIFIERS and not hasattr(http.FilesystemSessionStore, "delete_old_sessions")
