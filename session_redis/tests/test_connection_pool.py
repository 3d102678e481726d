"""Connections that are handed from one command to the next."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..exceptions import SessionStoreUnavailable
from .common import RedisCase

THREADS = 4


@tagged("-at_install", "post_install")
class TestConnectionPool(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.session = self.new_session(uid=2)

    def open_several(self, store):
        """Open several connections of a store and leave them idle."""
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
        store = self.new_small_store(THREADS)
        self.open_several(store)
        for _number in range(3 * THREADS):
            self.assertTrue(store.get(self.session.sid))
            self.assertTrue(
                store.connection.run(lambda client: client.pipeline().ping().execute())
            )

    def url(self, options):
        password = self.server.password.get_secret_value() if self.server.password else ""
        return f"redis://:{password}@{self.server.host}:{self.server.port}?{options}"

    def new_small_store(self, connections, **values):
        url = self.url(f"max_connections={connections}")
        return self.new_store(url=url, host=None, port=None, password=None, **values)

    def test_more_threads_than_connections_wait_and_none_fails(self):
        store = self.new_small_store(2)
        sessions = [self.new_session(uid=number) for number in range(2, 14)]
        start = Barrier(len(sessions))

        def read_often(session):
            start.wait()
            return {store.get(session.sid).get("uid") for _number in range(100)}

        with ThreadPoolExecutor(len(sessions)) as pool:
            read = list(pool.map(read_often, sessions))
        self.assertEqual(read, [{session["uid"]} for session in sessions])
        self.assertFalse(store.connection.breaker.is_open)

    def test_full_pool_is_no_outage(self):
        store = self.new_small_store(1, read_timeout="0.2")
        pool = store.connection.client.connection_pool
        connection = pool.get_connection()
        logged = self.assertLogs("odoo.addons.session_redis", "ERROR")
        with logged as logs, self.assertRaises(SessionStoreUnavailable):
            store.get(self.session.sid)
        self.assertIn("all connections of this process are in use", logs.output[0])
        self.assertFalse(store.connection.breaker.is_open)
        pool.release(connection)
        self.assertEqual(store.get(self.session.sid).uid, 2)

    def test_connection_that_is_released_twice_is_given_out_once(self):
        pool = self.new_store().connection.client.connection_pool
        connection = pool.get_connection()
        pool.release(connection)
        pool.release(connection)
        self.assertIsNot(pool.get_connection(), pool.get_connection())

    def test_closed_connections_do_not_fill_the_pool(self):
        store = self.new_small_store(THREADS)
        for _number in range(3):
            self.open_several(store)
            store.connection.client.connection_pool.disconnect(inuse_connections=False)
        self.open_several(store)
        self.assertTrue(store.get(self.session.sid))

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
            # the response arrives after the time-out of the request
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
