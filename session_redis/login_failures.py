"""Failed log-ins, counted by all front-ends together.

After some failed log-ins from an address, core refuses further ones for a minute
(``base.login_cooldown_after``, ``base.login_cooldown_duration``). Each process counts for itself,
so an attacker has as many attempts as core allows, times the number of processes of all hosts.

Core keeps the counts in ``Registry._login_failures``, a mapping of addresses to the number of
failures and the time of the last one. Here this mapping is in Redis; the rule stays core's, and
the addons that override it work as before. While Redis is unavailable, each process counts for
itself again.
"""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from odoo.modules.registry import Registry

from .exceptions import SessionStoreUnavailable
from .redis_io.commands import Command, raise_errors, send, write
from .session_store.store import RedisSessionStore

ATTRIBUTE = "_login_failures"

# core forgets failures when its process ends; so much later a log-in is not the same attack
LIFETIME_SECONDS = 24 * 60 * 60

Failures = tuple[int, datetime]


class LoginFailures:
    """The failed log-ins of one database, by client address; what core uses of a mapping."""

    def __init__(self, store: RedisSessionStore, database: str) -> None:
        self._store = store
        self._database = database
        self._of_process: dict[str, Failures] = defaultdict(lambda: (0, datetime.min))

    def __getitem__(self, address: str) -> Failures:
        try:
            [answers] = self._run(lambda client: raise_errors(send(client, [self._read(address)])))
        except SessionStoreUnavailable:
            return self._of_process[address]
        number, last = answers
        if not number or not last:
            return 0, datetime.min
        # core compares it with the local time of this host
        return int(number), datetime.fromtimestamp(float(last))

    def __setitem__(self, address: str, failures: Failures) -> None:
        """Count one more failure: others may have counted since core has read the number."""
        self._of_process[address] = failures
        key = self._key(address)
        commands: Sequence[Command] = (
            ("HINCRBY", key, "failures", 1),
            ("HSET", key, "last", repr(time.time())),
            ("EXPIRE", key, LIFETIME_SECONDS),
        )
        self._try(lambda client: write(client, commands))

    def pop(self, address: str, default: Any = None) -> Any:
        """Forget the failures of an address: a log-in has succeeded."""
        self._try(lambda client: write(client, [("DEL", self._key(address))]))
        return self._of_process.pop(address, default)

    def _key(self, address: str) -> str:
        return self._store.keys.login_failures(self._database, address)

    def _read(self, address: str) -> Command:
        return "HMGET", self._key(address), "failures", "last"

    def _run(self, do: Callable[[Any], Any]) -> Any:
        return self._store.connection.run(do)

    def _try(self, do: Callable[[Any], Any]) -> None:
        # the connection has logged the outage, and the count of the process goes on
        with suppress(SessionStoreUnavailable):
            self._run(do)


def share_login_failures(store: RedisSessionStore) -> None:
    """Give each registry a mapping in Redis where core would make one of its process."""
    shared = functools.cached_property(lambda registry: LoginFailures(store, registry.db_name))
    shared.__set_name__(Registry, ATTRIBUTE)
    setattr(Registry, ATTRIBUTE, shared)
