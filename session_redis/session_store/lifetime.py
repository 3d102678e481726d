"""The lifetime of unused sessions.

Redis ends a session by its own clock. Besides, a payload has a stamp with the time of the last
save and the lifetime at that time, which is checked when the session is read. So a shorter
parameter in the database takes effect at once for existing sessions, like with core's files, and
the round trip that reads a session also shows whether its lifetime has to be prolonged.

The stamp was made by the clock of the front-end that saved the session, and the payload names that
clock. If the stamp of another clock says that a session has ended, or was saved in the future,
Redis is asked for the time that is left: clocks of front-ends may differ.
"""

import logging
import math
import secrets
import time
from typing import Any, NamedTuple

from odoo import http

from ..compat import get_session_max_inactivity
from ..serialization.payload import Stamp
from ..serialization.tagged_json import NUMBERS
from ..settings import MAX_NUMBER, RedisSettings

_logger = logging.getLogger(__name__)

# 68 years: a longer lifetime is a mistake, and Redis may not be able to count it
MAX_LIFETIME = MAX_NUMBER
# an index and a tombstone live longer than the sessions that they are for
MARGIN = 1.2

# a session is prolonged when this part of its lifetime has passed, not at every read
PROLONG_AFTER = 0.1


class Age(NamedTuple):
    """The age of a session: has it ended, and must its next use prolong its lifetime."""

    has_ended: bool
    is_due: bool


class Lifetimes:
    """The lifetimes of sessions in seconds: the first of these that is known.

    The ``deletion_time`` of a rotated id, the ``expiration`` of the session, the environment, the
    system parameter ``sessions.max_inactivity_seconds`` of its database, its stamp, the default of
    core. The session of a visitor has another variable in the environment, and the parameter if
    that is shorter.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        # the name of the clock of this process, and of the processes that it forks
        self.clock = secrets.token_hex(2).encode()
        # the parameters by database; None is for sessions without a database
        self._inactivity: dict[str | None, int] = {}
        self._has_warned = False

    def remember_parameter(self, env: Any) -> None:
        """Remember the parameter of the database of ``env``.

        A session is read before its request has an environment that could be asked.
        """
        if env is not None and not env.cr.closed:
            self._inactivity[env.cr.dbname] = self._usable(get_session_max_inactivity(env))

    def remember_vacuum(self, database: str | None, seconds: int) -> None:
        """Remember the lifetime that the autovacuum of a database uses.

        Core deletes the files of all databases. Here the value is for sessions of this database
        and for sessions without a database.
        """
        self._inactivity[database] = self._inactivity[None] = self._usable(seconds)

    def _usable(self, seconds: int) -> int:
        """Return a parameter, or core's default if no session could live with it."""
        if seconds >= 1:
            return min(seconds, MAX_LIFETIME)
        if not self._has_warned:
            self._has_warned = True
            _logger.warning(
                "The system parameter sessions.max_inactivity_seconds is ignored: %s is not a"
                " positive number of seconds. Set it to 1 or more, or delete it",
                seconds,
            )
        return int(http.SESSION_LIFETIME)

    def stamp(self, values: Any, last: Stamp | None = None) -> Stamp:
        """Return the stamp for a session that is saved now; it has the new lifetime."""
        return Stamp(int(time.time()), self._lifetime(values, last))

    def index_lifetime(self, values: Any, stamp: Stamp) -> int:
        """Return the lifetime of the index of a session: longer than all its ids."""
        return math.ceil(max(stamp.lifetime, self._without_deletion(values, None)) * MARGIN)

    def tombstone_lifetime(self, values: Any = None) -> int:
        """Return the longest time that an earlier form of an ended session could live."""
        own = values.get("expiration") if values else None
        if isinstance(own, NUMBERS) and own >= 1:
            return math.ceil(min(own, MAX_LIFETIME) * MARGIN)
        known = (int(http.SESSION_LIFETIME), self._settings.expiration or 0)
        longest = max(*known, *list(self._inactivity.values()))
        return math.ceil(min(MAX_LIFETIME, longest) * MARGIN)

    def age_by_stamp(self, values: Any, stamp: Stamp | None, is_own_clock: bool) -> Age:
        """Return the age of a session by its stamp.

        :param is_own_clock: this process has made the stamp; otherwise an end is only a suspicion
            that ``age_by_redis`` confirms
        """
        deletion_time = values.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return Age(deletion_time <= time.time(), False)
        if stamp is None:
            return Age(False, True)
        lifetime = self._without_deletion(values, stamp)
        age = time.time() - stamp.at
        part = PROLONG_AFTER * lifetime
        return Age(age >= lifetime or (age < -part and not is_own_clock), age > part)

    def age_by_redis(self, values: Any, stamp: Stamp | None, left: int | None) -> Age:
        """Return the age of a session by the clock of Redis.

        :param left: the seconds until Redis ends the session; None if it never does
        """
        if left is None:
            # releases before 3.0 could leave such a key behind
            return Age(values.get("deletion_time", math.inf) <= time.time(), True)
        if stamp is None or isinstance(values.get("deletion_time"), NUMBERS):
            return Age(left <= 0, False)
        lifetime = self._without_deletion(values, stamp)
        age = stamp.lifetime - left
        return Age(left <= 0 or age >= lifetime, age > PROLONG_AFTER * lifetime)

    def _lifetime(self, values: Any, last: Stamp | None) -> int:
        deletion_time = values.get("deletion_time")
        if isinstance(deletion_time, NUMBERS):
            return min(max(1, math.ceil(deletion_time - time.time())), MAX_LIFETIME)
        return self._without_deletion(values, last)

    def _without_deletion(self, values: Any, last: Stamp | None) -> int:
        own = values.get("expiration")
        if isinstance(own, NUMBERS) and own >= 1:
            return min(int(own), MAX_LIFETIME)
        return self._configured(values) or (last.lifetime if last else int(http.SESSION_LIFETIME))

    def _configured(self, values: Any) -> int | None:
        """Return the lifetime by the environment and the parameter; None if neither is known."""
        inactivity = self._inactivity.get(values.get("db"))
        if values.get("uid"):
            return min(self._settings.expiration or inactivity or 0, MAX_LIFETIME) or None
        anonymous = min(self._settings.expiration_anonymous, MAX_LIFETIME)
        return min(anonymous, inactivity) if inactivity else anonymous
