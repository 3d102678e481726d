"""The store on a real Redis Cluster of three masters."""

from concurrent.futures import ThreadPoolExecutor

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.cloud_base.tests.services import service

from ..compat import HAS_IDENTIFIERS
from ..exceptions import SessionStoreUnavailable
from .rotation import CAN_ROTATE_SOFTLY, NoUser, race
from .test_connection import Contract, StartCase


@tagged("-at_install", "post_install")
class TestCluster(Contract, StartCase, BaseCase):
    @property
    def variables(self):
        server = service("redis_cluster")
        return {"host": server["nodes"], "cluster": "1", "password": server["password"]}

    def setUp(self):
        super().setUp()
        self.client = self.redis

    def test_cluster_that_is_not_told_of_ends_the_start(self):
        host, port = service("redis_cluster")["nodes"].split(",")[0].split(":")
        self.assertIn(
            "ODOO_SESSION_REDIS_CLUSTER: ", self.refused(host=host, port=port, cluster=None)
        )

    def test_server_that_is_no_cluster_ends_the_start(self):
        plain = {"host": self.server.host, "port": self.server.port}
        mistake = self.refused(**plain, password=self.server.password)
        self.assertIn("ODOO_SESSION_REDIS_CLUSTER: ", mistake)

    def test_url_is_one_of_the_nodes(self):
        node = service("redis_cluster")["nodes"].split(",")[1]
        session = self.new_session(uid=2)
        self.assertTrue(self.new_store(url=f"redis://{node}", host=None).get(session.sid))

    def test_node_that_is_away_does_not_matter(self):
        session = self.new_session(uid=2)
        store = self.new_store(host=f"127.0.0.1:1,{self.variables['host']}")
        self.assertTrue(store.get(session.sid))

    def test_cluster_that_was_never_reached_is_used_once_it_is_there(self):
        session = self.new_session(uid=2)
        host, port = self.variables["host"].split(",")[0].split(":")
        with FaultProxy(host, int(port)) as proxy:
            store = self.new_store(host=f"{proxy.host}:{proxy.port}")
            proxy.refuse()
            with self.assertRaises(SessionStoreUnavailable):
                store.get(session.sid)
            proxy.pass_through()
            self.wait_until_closed(store)
            self.assertTrue(store.get(session.sid))

    def test_key_index_and_next_ids_are_in_one_slot(self):
        session = self.new_session(uid=2)
        (key,) = self.store.keys.session_keys(session.sid)
        self.assertEqual(key, f"session:{self.prefix}:{{{session.sid[:42]}}}{session.sid[42:]}")
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

    def test_round_trips_are_those_of_one_server_and_one_more_for_a_rotation(self):
        session = self.new_session(uid=2)
        for work, trips in (
            (lambda: self.store.get(session.sid), 1),
            (lambda: self.store.save(session), 0),
            (lambda: self.store.get(self.store.generate_key()), 1),
            (lambda: (session.update(step=1), self.store.save(session)), 1),
            (lambda: self.store.rotate(session, NoUser()), 2),
            (lambda: self.store.delete(session), 1),
        ):
            before = self.reads()
            work()
            self.assertEqual(self.reads() - before, trips)

    def reads(self):
        """Return how often the nodes have read something of a client, but for this question."""
        self.asked = getattr(self, "asked", 0) + 1
        found = self.client.info("stats", target_nodes="primaries")
        reads = sum(one["total_reads_processed"] for one in found.values())
        return reads - len(found) * self.asked

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
        self.client.rpush(self.store.keys.session_keys(sid)[0], "x")
        with self.assertLogs("odoo.addons.session_redis.session_store.store", "WARNING"):
            self.assertFalse(self.store.get(sid))
        self.client.delete(self.store.keys.session_keys(sid)[0])

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
                sids = race(pool, self.store, session.sid)
                self.assertEqual(len(sids), 1)
                self.assertNotIn(session.sid, sids)
                self.store.delete_from_identifiers([session.sid[:42]])
