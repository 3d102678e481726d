from odoo import http
from odoo.tests import BaseCase, tagged

from .. import hooks
from ..session_store.store import RedisSessionStore
from ..settings import RedisSettings
from .common import RedisCase


@tagged("-at_install", "post_install")
class TestHooks(RedisCase, BaseCase):
    def test_store_that_core_has_made_is_replaced(self):
        self.use_store(vars(http.Application)["session_store"])
        self.assertTrue(http.root.session_store)
        settings = RedisSettings(ODOO_SESSION_REDIS=True, ODOO_SESSION_REDIS_PREFIX=self.prefix)
        hooks.use_redis(settings)
        self.assertIsInstance(http.root.session_store, RedisSessionStore)
        self.assertTrue(http.root.session_store.path.endswith("sessions"))
