"""How long sessions live when they are not used again.

Redis ends them by its own clock. Besides, a session carries a stamp of when it was saved and
for how long, which reading checks: so a shorter parameter in the database counts at once for
the sessions that are there, as it does for core's files, and one round trip tells whether a
session has to be prolonged.

The stamp is of the clock of the front-end that saved the session, whose name ``clock`` is in the
payload. Where another one's says that a session has ended, or was saved in the future, Redis is
asked how long the session has: clocks of front-ends may differ.
"""

import logging
import math
import secrets
import time
from typing import Any

from odoo import http

from ..compat import get_session_max_inactivity
from ..serialization.tagged_json import NUMBERS, Stamp
from ..settings import GREATEST, RedisSettings

_logger = logging.getLogger(__name__)

# 68 years: more is a mistake, and could be more than Redis can count to
LONGEST = GREATEST
# no session of a usual deployment lives longer after its last use; its tombstone has to
MARGIN = 1.2

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
        # names the clock of this process, and of those that are forked off
        self.clock = secrets.token_hex(2).encode()
        # None stands for sessions of no database
        self._inactivity: dict[str | None, int] = {}
        self._warned = False

    def learn(self, env: Any) -> None:
        """Remember what the database of ``env`` says.

        A session is read before its request has an environment that could be asked.
        """
        if env is not None and not env.cr.closed:
            self._inactivity[env.cr.dbname] = self._possible(get_session_max_inactivity(env))

    def learn_of_vacuum(self, database: str | None, seconds: int) -> None:
        """Remember how long the autovacuum of a database lets sessions live.

        Core's deletes the files of all databases; here, those of its own and of none.
        """
        self._inactivity[database] = self._inactivity[None] = self._possible(seconds)

    def _possible(self, seconds: int) -> int:
        """Return a parameter with which sessions can live: core's default instead of none."""
        if seconds >= 1:
            return min(seconds, LONGEST)
        if not self._warned:
            self._warned = True
            _logger.warning(
                "The system parameter sessions.max_inactivity_seconds is not used: %s is not"
                " a number of seconds that a session could live",
                seconds,
            )
        return int(http.SESSION_LIFETIME)

    def stamp(self, session: Any, last: Stamp | None = None) -> Stamp:
        """Return the stamp to save a session with, and the lifetime to give it."""
        return Stamp(int(time.time()), self._seconds(session, last))

    def of_index(self, session: Any, stamp: Stamp) -> int:
        """Return the lifetime of the index of a session: longer than that of all its ids."""
        return math.ceil(max(stamp.lifetime, self._without_deletion(session, None)) * MARGIN)

    def of_tombstone(self, session: Any = None) -> int:
        """Return how long an earlier form of a session that has ended might live."""
        own = session.get("expiration") if session else None
        if isinstance(own, NUMBERS) and own >= 1:
            return math.ceil(min(own, LONGEST) * MARGIN)
        known = (int(http.SESSION_LIFETIME), self._settings.expiration or 0)
        return math.ceil(min(LONGEST, max(*known, *list(self._inactivity.values()))) * MARGIN)

    def judge(self, session: Any, stamp: Stamp | None, is_own: bool) -> tuple[bool, bool]:
        """Return whether a session seems to have ended, and whether using it prolongs it.

        :param is_own: the stamp is of this clock; else the first is for ``judge_by_redis`` to say
        """
        deletion_time = session.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return deletion_time <= time.time(), False
        if stamp is None:
            return False, True
        seconds = self._without_deletion(session, stamp)
        age = time.time() - stamp.at
        part = PROLONG_AFTER * seconds
        return age >= seconds or (age < -part and not is_own), age > part

    def judge_by_redis(
        self, session: Any, stamp: Stamp | None, left: int | None
    ) -> tuple[bool, bool]:
        """Return whether a session has ended, and whether using it prolongs it.

        :param left: the seconds that Redis gives it; None when it does not end there
        """
        if left is None:
            # releases before 3.0 could leave such a key behind
            return session.get("deletion_time", math.inf) <= time.time(), True
        if stamp is None or isinstance(session.get("deletion_time"), NUMBERS):
            return left <= 0, False
        seconds = self._without_deletion(session, stamp)
        age = stamp.lifetime - left
        return left <= 0 or age >= seconds, age > PROLONG_AFTER * seconds

    def _seconds(self, session: Any, last: Stamp | None) -> int:
        deletion_time = session.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return min(max(1, math.ceil(deletion_time - time.time())), LONGEST)
        return self._without_deletion(session, last)

    def _without_deletion(self, session: Any, last: Stamp | None) -> int:
        own = session.get("expiration")
        if isinstance(own, NUMBERS) and own >= 1:
            return min(int(own), LONGEST)
        return self._usual(session) or (last.lifetime if last else int(http.SESSION_LIFETIME))

    def _usual(self, session: Any) -> int | None:
        inactivity = self._inactivity.get(session.get("db"))
        if session.get("uid"):
            return min(self._settings.expiration or inactivity or 0, LONGEST) or None
        anonymous = min(self._settings.expiration_anonymous, LONGEST)
        return min(anonymous, inactivity) if inactivity else anonymous
