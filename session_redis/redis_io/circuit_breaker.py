"""The circuit breaker of the session store, see ``cloud_base.resilience.circuit_breaker``."""

import logging

from odoo.addons.cloud_base.resilience.circuit_breaker import CircuitBreaker, Probe

from ..exceptions import SessionStoreUnavailable

_logger = logging.getLogger(__name__)

COMPONENT = "session_store"
BACKEND = "redis"


class Breaker(CircuitBreaker):
    """Open while Redis is known to be unavailable."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(
            probe,
            component=COMPONENT,
            backend=BACKEND,
            server="The session store in Redis",
            thread_name="session_redis.redis_io.circuit_breaker",
            logger=_logger,
        )

    def check(self) -> None:
        """Do nothing while closed, and for the thread that probes Redis.

        :raises SessionStoreUnavailable: while open
        """
        if self.is_open and not self.lets_pass():
            raise SessionStoreUnavailable()
