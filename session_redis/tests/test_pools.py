"""Connections that are handed from one command to the next."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_settings.tests.faults import FaultProxy

from ..exceptions import SessionStoreUnavailable
from .common import RedisCase

THREADS = 4


@tagged("-at_install", "post_install")
class TestPools(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.session = self.new_session(uid=2)

    def open_several(self, store):
        """Have several connections of a store wait for their next command."""
        start = Barrier(THREADS)
        client = store.connection.client

        def hold(_number):
            connection = client.connection_pool.get_connection()
            start.wait()
            client.connection_pool.release(connection)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(hold, range(THREADS)))

    def test_one_connection_serves_command_after_command(self):
        ids = set()
        for _number in range(10):
            self.store.get(self.session.sid)
            self.session["step"] = len(ids)
            self.store.save(self.session)
            ids.add(self.redis.client_id())
        self.assertEqual(len(ids), 1)

    def test_no_more_connections_are_opened_than_a_url_allows(self):
        password = self.server.password.get_secret_value() if self.server.password else ""
        url = (
            f"redis://:{password}@{self.server.host}:{self.server.port}?max_connections={THREADS}"
        )
        store = self.new_store(url=url, host=None, port=None, password=None)
        self.open_several(store)
        for _number in range(3 * THREADS):
            self.assertTrue(store.get(self.session.sid))
            self.assertTrue(
                store.connection.run(lambda client: client.pipeline().ping().execute())
            )

    def test_connections_that_were_all_lost_cost_one_attempt(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)
            self.open_several(store)
            proxy.drop_connections()
            self.assertTrue(store.get(self.session.sid))
            self.assertFalse(store.connection.breaker.is_open)

    def test_late_answer_is_not_that_of_the_next_command(self):
        other = self.new_session(uid=3)
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port, read_timeout="0.3")
            self.assertEqual(store.get(self.session.sid).uid, 2)
            # the answer arrives, after nobody waits for it any more
            proxy.latency = 0.2
            with self.assertRaises(SessionStoreUnavailable):
                store.get(self.session.sid)
            proxy.latency = 0
            self.wait_until_closed(store)
            for session in (other, self.session, other):
                self.assertEqual(store.get(session.sid).uid, session.uid)

    def test_closed_store_leaves_no_connection_behind(self):
        store = self.new_store()
        self.open_several(store)
        ours = self.ids(store)
        self.assertEqual(len(ours), THREADS)
        store.connection.close()
        self.assertFalse(ours & {int(client["id"]) for client in self.redis.client_list()})

    def ids(self, store):
        """Return Redis' numbers of the connections that wait."""
        pool = store.connection.client.connection_pool
        found = set()
        connections = [pool.get_connection() for _number in range(THREADS)]
        for connection in connections:
            connection.send_command("CLIENT", "ID")
            found.add(connection.read_response())
            pool.release(connection)
        return found
