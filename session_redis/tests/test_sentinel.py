"""Which server is used where the Sentinels name it."""

from contextlib import ExitStack

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..redis_io.sentinel_pool import NotMaster
from .test_connection import SentinelCase


@tagged("-at_install", "post_install")
class TestMaster(SentinelCase, BaseCase):
    def proxies(self, until_the_end):
        """Return proxies of all Sentinels, for the settings too."""
        proxies = []
        for address in self.sentinel["sentinels"].split(","):
            host, port = address.split(":")
            proxies.append(until_the_end.enter_context(FaultProxy(host, int(port))))
        return proxies, ",".join(f"{proxy.host}:{proxy.port}" for proxy in proxies)

    def due(self, store):
        """Expire the verification of the master, which is valid for a second."""
        pool = store.connection.client.connection_pool
        pool._ask_at = 0
        for connection in pool._ready:
            connection.verified_until = 0

    def test_sentinels_that_are_away_leave_the_master_in_use(self):
        session = self.new_session(uid=2)
        with ExitStack() as until_the_end:
            proxies, addresses = self.proxies(until_the_end)
            store = self.new_store(sentinel_host=addresses)
            self.assertTrue(store.get(session.sid))
            for proxy in proxies:
                proxy.refuse()
            for _number in range(3):
                self.due(store)
                self.assertTrue(store.get(session.sid))
            self.assertFalse(store.connection.breaker.is_open)

    def test_sentinels_are_asked_once_a_second_and_not_for_each_command(self):
        session = self.new_session(uid=2)
        with ExitStack() as until_the_end:
            _proxies, addresses = self.proxies(until_the_end)
            store = self.new_store(sentinel_host=addresses)
            self.assertTrue(store.get(session.sid))
            pool = store.connection.client.connection_pool
            asked = []
            ask = pool.proxy.get_master_address

            def count():
                asked.append(1)
                return ask()

            pool.proxy.get_master_address = count
            self.due(store)
            for _number in range(50):
                self.assertTrue(store.get(session.sid))
                # however slow this machine is, the second is not over
                pool._ask_at = float("inf")
            self.assertEqual(len(asked), 1)

    def test_server_that_is_not_a_master_is_not_used(self):
        client = self.store.connection.client
        pool = client.connection_pool
        connection = pool.get_connection()
        port = connection.port
        replica = pool.sentinel_manager.discover_slaves(self.sentinel["master_name"])[0]
        pool.release(connection)
        pool.disconnect()
        ask = pool.proxy.get_master_address
        pool.proxy.get_master_address = lambda: replica
        self.addCleanup(setattr, pool.proxy, "get_master_address", ask)
        with self.assertRaises(NotMaster):
            pool.get_connection()
        pool.proxy.get_master_address = ask
        self.assertEqual(pool.get_master_address()[1], port)
        self.assertTrue(self.store.list() == [])
