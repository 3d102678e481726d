"""A session store on a real Redis, with a separate prefix for each test."""

import socket
import time
import uuid

from pydantic import Field, SecretStr

from odoo import http
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from odoo.addons.cloud_base.settings import EnvironmentSettings

from ..login_failures import ATTRIBUTE
from ..session_store.store import RedisSessionStore
from ..settings import RedisSettings


class RedisServer(EnvironmentSettings):
    """The Redis that the tests may use; also while ODOO_SESSION_REDIS is unset."""

    host: str | None = Field(default=None, alias="ODOO_SESSION_REDIS_HOST")
    port: int = Field(default=6379, alias="ODOO_SESSION_REDIS_PORT")
    password: SecretStr | None = Field(default=None, alias="ODOO_SESSION_REDIS_PASSWORD")


class RedisCase:
    """Mixed into a test class: ``self.new_store()`` and ``self.redis``."""

    def setUp(self):
        super().setUp()
        self.server = self.find_server()
        if not self.server.host:
            self.skipTest("no Redis server: set ODOO_SESSION_REDIS_HOST")
        self.prefix = self.new_prefix()
        self.store = self.new_store()
        self.redis = self.store.connection.client
        self.addCleanup(self._clean)

    def find_server(self):
        return RedisServer.read()

    def new_prefix(self):
        return f"test-{uuid.uuid4().hex}"

    @property
    def variables(self):
        """The address of the tests' server, by the ends of the variables' names."""
        server = self.server
        return {"host": server.host, "port": server.port, "password": server.password}

    def settings(self, **values):
        return new_settings(**{"prefix": self.prefix, **self.variables, **values})

    def new_store(self, **values):
        """Return a store on the server of the tests, but for ``values``."""
        store = RedisSessionStore(self.settings(**values))
        self.addCleanup(store.connection.close)
        return store

    def _clean(self):
        for pattern in (f"session:{self.prefix}:*", f"session::{self.prefix}:*"):
            for key in self.redis.scan_iter(match=pattern, count=1000):
                self.redis.delete(key)

    def new_session(self, store=None, **values):
        session = (store or self.store).new()
        session.update(http.get_default_session())
        session.update(values)
        (store or self.store).save(session)
        return session

    def wait_until_closed(self, store):
        self.wait_until(lambda: not store.connection.breaker.is_open)

    def wait_until(self, happened):
        end = time.monotonic() + 60
        while not happened():
            self.assertLess(time.monotonic(), end, "it does not happen")
            time.sleep(0.02)

    def use_store(self, store):
        """Replace the session store of the test server until the end of the test."""
        self.keep_login_failures()
        own = vars(http.Application)["session_store"]
        made = vars(http.root).pop("session_store", None)

        def restore():
            http.Application.session_store = own
            if made is not None:
                vars(http.root)["session_store"] = made

        self.addCleanup(restore)
        http.Application.session_store = store

    def keep_login_failures(self):
        """Restore the counts of failed log-ins, core's or shared ones, after the test."""
        own = vars(Registry).get(ATTRIBUTE)

        def restore():
            vars(Registry(get_db_name())).pop(ATTRIBUTE, None)
            if own is not None:
                setattr(Registry, ATTRIBUTE, own)
            elif ATTRIBUTE in vars(Registry):
                delattr(Registry, ATTRIBUTE)

        restore()
        self.addCleanup(restore)


def new_settings(**values):
    """Return settings by the ends of the variables' names; None is left out."""
    given = {
        f"ODOO_SESSION_REDIS_{name.upper()}": value
        for name, value in values.items()
        if value is not None
    }
    return RedisSettings(ODOO_SESSION_REDIS=True, **given)


def free_port():
    """Return a port of this machine that no process listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
