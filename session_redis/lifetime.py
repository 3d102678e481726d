"""How long sessions live when they are not used again.

Redis ends them by its own clock. Besides, a session carries a stamp of when it was saved and
for how long, which reading checks: so a shorter parameter in the database counts at once for
the sessions that are there, as it does for core's files, and one round trip tells whether a
session has to be prolonged.
"""

import math
import time
from typing import Any

from odoo import http

from .compat import get_session_max_inactivity
from .encoding import NUMBERS, Stamp
from .settings import RedisSettings

# a session is prolonged when this part of its lifetime has passed, not at every read
PROLONG_AFTER = 0.1


class Lifetimes:
    """The seconds that a session lives; the first of these that is known:

    the ``deletion_time`` of a rotated id, the session's own ``expiration``, the environment,
    the system parameter ``sessions.max_inactivity_seconds`` of its database, its stamp, core's
    default. An anonymous session has its own variable in the environment, and where the
    parameter is less than that, the parameter.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        # None stands for sessions of no database
        self._inactivity: dict[str | None, int] = {}

    def learn(self, env: Any) -> None:
        """Remember what the database of ``env`` says.

        A session is read before its request has an environment that could be asked.
        """
        if env is not None and not env.cr.closed:
            self._inactivity[env.cr.dbname] = get_session_max_inactivity(env)

    def learn_of_vacuum(self, database: str | None, seconds: int) -> None:
        """Remember how long the autovacuum of a database lets sessions live.

        Core's deletes the files of all databases; here, those of its own and of none.
        """
        self._inactivity[database] = self._inactivity[None] = seconds

    def stamp(self, session: Any, last: Stamp | None = None) -> Stamp:
        """Return the stamp to save a session with, and the lifetime to give it."""
        return Stamp(int(time.time()), self._seconds(session, last))

    def of_index(self, session: Any, stamp: Stamp) -> int:
        """Return the lifetime of the index of a session: other, usual ids may share it.

        It is longer than theirs by what ``index_is_fresh`` lets pass.
        """
        usual = max(stamp.lifetime, self._usual(session) or int(http.SESSION_LIFETIME))
        return math.ceil(usual * (1 + 2 * PROLONG_AFTER))

    def index_is_fresh(self, last: Stamp | None, now: Stamp) -> bool:
        """Tell whether an index was written in the same tenth of a lifetime as this save."""
        if last is None or last.lifetime != now.lifetime:
            return False
        part = max(1, int(now.lifetime * PROLONG_AFTER))
        return last.at // part == now.at // part

    def judge(self, session: Any, stamp: Stamp | None) -> tuple[bool, bool]:
        """Tell whether a session that Redis still holds has ended, and whether use prolongs it."""
        deletion_time = session.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return deletion_time <= time.time(), False
        if stamp is None:
            return False, True
        seconds = self._seconds(session, stamp)
        age = time.time() - stamp.at
        return age >= seconds, age > PROLONG_AFTER * seconds

    def _seconds(self, session: Any, last: Stamp | None) -> int:
        deletion_time = session.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return max(1, math.ceil(deletion_time - time.time()))
        own = session.get("expiration")
        if isinstance(own, NUMBERS) and own >= 1:
            return int(own)
        return self._usual(session) or (last.lifetime if last else int(http.SESSION_LIFETIME))

    def _usual(self, session: Any) -> int | None:
        inactivity = self._inactivity.get(session.get("db"))
        if session.get("uid"):
            return self._settings.expiration or inactivity
        anonymous = self._settings.expiration_anonymous
        return min(anonymous, inactivity) if inactivity else anonymous
