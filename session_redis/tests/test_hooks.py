from odoo import http
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name

from .. import hooks
from ..login_failures import LoginFailures
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
        # its Redis also has the failed log-ins, which core would count in each process
        self.assertIsInstance(Registry(get_db_name())._login_failures, LoginFailures)
