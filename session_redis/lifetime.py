"""How long sessions live in Redis when they are not used again."""

import math
import time
from typing import Any

from odoo import http

from .compat import get_session_max_inactivity
from .settings import RedisSettings


class Lifetimes:
    """The seconds that a session lives; the first of these that is known:

    the ``deletion_time`` of a rotated id, the session's own ``expiration``, the environment,
    the system parameter ``sessions.max_inactivity_seconds`` of its database, core's default.
    An anonymous session has its own variable in the environment, and no parameter.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._inactivity: dict[str | None, int] = {}

    def learn(self, env: Any) -> None:
        """Remember what the database of ``env`` says.

        A session is read before its request has an environment that could be asked.
        """
        if env is not None and not env.cr.closed:
            self._inactivity[env.cr.dbname] = get_session_max_inactivity(env)

    def known(self, session: Any) -> int | None:
        """Return the lifetime, or None when no request has told what the database says."""
        deletion_time = session.get("deletion_time")
        if isinstance(deletion_time, int | float):
            return max(1, math.ceil(deletion_time - time.time()))
        own = session.get("expiration")
        if isinstance(own, int | float) and own >= 1:
            return int(own)
        return self._usual(session)

    def of(self, session: Any) -> int:
        """Return the lifetime that a session is written with."""
        return self.known(session) or int(http.SESSION_LIFETIME)

    def of_index(self, session: Any) -> int:
        """Return the lifetime of the index of a session: other, usual ids may share it."""
        return max(self.of(session), self._usual(session) or http.SESSION_LIFETIME)

    def _usual(self, session: Any) -> int | None:
        if not session.get("uid"):
            return self._settings.expiration_anonymous
        return self._settings.expiration or self._inactivity.get(session.get("db"))
