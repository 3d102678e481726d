"""A warning about a Redis that evicts keys when its memory is full, and sessions with them.

A session whose index is evicted has ended, so no revoked session survives, but its user has to log
in again.
"""

import logging
from typing import Any

_logger = logging.getLogger(__name__)

HARMLESS = "noeviction"


def warn(client: Any) -> None:
    """Log a warning if Redis evicts keys; do nothing if this is unknown."""
    import redis

    try:
        memory = client.info("memory")
    except redis.RedisError as error:
        # INFO is needed for nothing else, and many users of Redis may not execute it
        _logger.debug("It is not known whether Redis evicts keys: %s", type(error).__name__)
        return
    # for a Cluster, the response has the values of each node
    nodes = [memory] if "maxmemory_policy" in memory else memory.values()
    policies = {node.get("maxmemory_policy", HARMLESS) for node in nodes} - {HARMLESS}
    for policy in sorted(policies):
        _logger.warning(
            "maxmemory-policy %s of Redis evicts keys when its memory is full, which logs out"
            " users: set it to noeviction",
            policy,
        )
