"""The start of a server on a Redis that evicts keys."""

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.services import service

from ..startup.startup_check import check
from .common import RedisCase

LOGGER = "odoo.addons.session_redis.startup.eviction"


@tagged("-at_install", "post_install")
class TestEviction(RedisCase, BaseCase):
    @property
    def variables(self):
        """A server whose configuration these tests may change."""
        acl = service("redis_acl")
        return {name: acl[name] for name in ("host", "port", "password")}

    def test_policy_that_evicts_is_told(self):
        self.addCleanup(self.redis.config_set, "maxmemory-policy", "noeviction")
        for policy in ("allkeys-lru", "volatile-lru", "volatile-ttl"):
            self.redis.config_set("maxmemory-policy", policy)
            with self.assertLogs(LOGGER, "WARNING") as logs:
                check(self.settings(), serving=False)
            self.assertEqual(len(logs.output), 1)
            self.assertIn(policy, logs.output[0])

    def test_policy_that_does_not_is_not_told(self):
        with self.assertNoLogs(LOGGER, "WARNING"):
            check(self.settings(), serving=False)

    def test_user_who_may_not_ask_starts(self):
        acl = service("redis_acl")
        user = {"username": "odoo", "password": acl["users"]["odoo"]}
        with self.assertNoLogs(LOGGER, "WARNING"):
            check(self.settings(**user, prefix=f"{acl['prefix']}:{self.prefix}"), serving=False)
