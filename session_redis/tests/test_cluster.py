"""The store on a real Redis Cluster of three masters, which the tests start."""

import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from unittest import SkipTest

import redis
from redis.cluster import RedisCluster

from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..connection import Connection
from ..settings import RedisSettings
from ..store import RedisSessionStore
from .common import free_port
from .test_store import CAN_ROTATE_SOFTLY, NoUser

NODES = 3
SLOTS = 16384


class ClusterConnection(Connection):
    """A connection to the nodes of the tests."""

    is_cluster = True

    def __init__(self, port):
        super().__init__(RedisSettings())
        self._client = RedisCluster(host="127.0.0.1", port=port, protocol=2)


@tagged("-at_install", "post_install")
class TestCluster(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("redis-server"):
            raise SkipTest("no Redis Cluster server: redis-server is not installed")
        cls.ports = [cls.start_node() for _number in range(NODES)]
        cls.join_nodes()

    @classmethod
    def start_node(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        port, bus_port = free_port(), free_port()
        arguments = {
            "port": port, "cluster-port": bus_port, "bind": "127.0.0.1", "dir": folder.name,
            "cluster-enabled": "yes", "save": "", "appendonly": "no",
        }  # fmt: skip
        options = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
        process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        return port

    @classmethod
    def join_nodes(cls):
        nodes = [redis.Redis(port=port) for port in cls.ports]
        for node in nodes:
            cls.addClassCleanup(node.close)
            cls.wait_for(node.ping)
        buses = [int(node.config_get("cluster-port")["cluster-port"]) for node in nodes]
        for number, node in enumerate(nodes):
            first, last = SLOTS * number // NODES, SLOTS * (number + 1) // NODES - 1
            node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            node.execute_command("CLUSTER MEET", "127.0.0.1", cls.ports[0], buses[0])
        for node in nodes:
            cls.wait_for(lambda node=node: b"cluster_state:ok" in cls.info(node))
            cls.wait_for(lambda node=node: b"cluster_known_nodes:3" in cls.info(node))

    @staticmethod
    def info(node):
        # the plain answer, which redis-py would take apart
        with node.client() as connection:
            connection.connection.send_command("CLUSTER", "INFO")
            return connection.connection.read_response()

    @staticmethod
    def wait_for(condition):
        end = time.monotonic() + 60
        while True:
            with suppress(redis.ConnectionError):
                if condition():
                    return
            if time.monotonic() > end:
                raise RuntimeError("the Redis Cluster does not come up")
            time.sleep(0.1)

    def setUp(self):
        super().setUp()
        connection = ClusterConnection(self.ports[0])
        self.addCleanup(connection.close)
        self.store = RedisSessionStore(RedisSettings(), connection=connection)
        self.client = connection.client
        self.client.flushall(target_nodes=RedisCluster.PRIMARIES)

    def new_session(self, **values):
        session = self.store.new()
        session.update(values)
        self.store.save(session)
        return session

    def test_key_index_and_next_ids_are_in_one_slot(self):
        session = self.new_session(uid=2)
        (key,) = self.store.keys.of(session.sid)
        self.assertEqual(key, f"session:{{{session.sid[:42]}}}{session.sid[42:]}")
        slots = {self.client.keyslot(key), self.client.keyslot(self.store.keys.index(session.sid))}
        self.assertEqual(len(slots), 1)

    def test_sessions_are_read_changed_and_deleted(self):
        for number in range(20):
            session = self.new_session(uid=2, number=number)
            found = self.store.get(session.sid)
            self.assertEqual(dict(found), dict(session))
            found["changed"] = True
            self.store.save(found)
            self.assertTrue(self.store.get(session.sid)["changed"])
            self.assertEqual(self.store.list(), [session.sid])
            self.store.delete(session)
            self.assertFalse(self.store.get(session.sid))
        self.assertEqual(self.store.list(), [])

    def test_hard_rotation_crosses_slots(self):
        for _number in range(10):
            session = self.new_session(uid=2)
            old = session.sid
            self.store.rotate(session, NoUser())
            self.assertFalse(self.store.get(old))
            self.assertEqual(self.store.get(session.sid)["uid"], 2)
            self.store.delete(session)

    def test_foreign_type_under_the_key_is_no_session(self):
        sid = self.store.generate_key()
        self.client.rpush(self.store.keys.of(sid)[0], "x")
        with self.assertLogs("odoo.addons.session_redis.store", "WARNING"):
            self.assertFalse(self.store.get(sid))
        self.client.delete(self.store.keys.of(sid)[0])

    def test_devices_are_checked_and_revoked_across_slots(self):
        if not HAS_IDENTIFIERS:
            self.skipTest("this series of Odoo has no session identifiers")
        sessions = [self.new_session(uid=2) for _number in range(20)]
        missing = {self.store.generate_key()[:42] for _number in range(20)}
        identifiers = {session.sid[:42] for session in sessions}
        found = self.store.get_missing_session_identifiers(identifiers | missing)
        self.assertEqual(found, missing)
        self.store.delete_from_identifiers(identifiers)
        self.assertEqual(self.store.list(), [])

    def test_eight_racing_requests_end_on_one_next_id(self):
        if not CAN_ROTATE_SOFTLY:
            self.skipTest("this series of Odoo has no soft rotation")
        with ThreadPoolExecutor(8) as pool:
            for _round in range(20):
                session = self.new_session(uid=2)
                start = threading.Barrier(8)

                def rotate(_number, sid=session.sid, start=start):
                    own = self.store.get(sid)
                    start.wait()
                    self.store.rotate(own, NoUser(), soft=True)
                    return own.sid

                sids = set(pool.map(rotate, range(8)))
                self.assertEqual(len(sids), 1)
                self.assertNotIn(session.sid, sids)
                self.store.delete_from_identifiers([session.sid[:42]])
