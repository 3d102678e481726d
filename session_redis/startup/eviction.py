"""A Redis that throws keys away when it is full, sessions among them.

A session whose index is evicted has ended, so a revocation is never wrong: but its user has to log
in again.
"""

import logging
from typing import Any

_logger = logging.getLogger(__name__)

HARMLESS = "noeviction"


def warn(client: Any) -> None:
    """Log a warning if Redis evicts keys; nothing where it does not say so."""
    import redis

    try:
        found = client.info("memory")
    except redis.RedisError as error:
        # INFO is not needed for anything else, and many users may not ask
        _logger.debug("It is not known whether Redis evicts keys: %s", type(error).__name__)
        return
    # a Cluster answers with those of each node
    nodes = [found] if "maxmemory_policy" in found else found.values()
    policies = {node.get("maxmemory_policy", HARMLESS) for node in nodes} - {HARMLESS}
    for policy in sorted(policies):
        _logger.warning(
            "Redis evicts keys when its memory is full (maxmemory-policy %s), which logs users"
            " out: set it to noeviction",
            policy,
        )
