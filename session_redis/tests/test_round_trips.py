"""The round trips of the store, counted between it and a real Redis."""

from contextlib import contextmanager

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..compat import HAS_IDENTIFIERS
from .common import RedisCase
from .rotation import CAN_ROTATE_SOFTLY, NoUser
from .test_connection import SentinelCase


@tagged("-at_install", "post_install")
class TestRoundTrips(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.proxy = FaultProxy(self.server.host, self.server.port)
        self.enterContext(self.proxy)
        self.near = self.new_store(host=self.proxy.host, port=self.proxy.port)
        # the connection is there
        self.session = self.new_session(self.near, uid=2, login="admin")

    @contextmanager
    def takes(self, count):
        before = self.proxy.turns
        yield
        self.assertEqual(self.proxy.turns - before, count)

    def test_read_is_one_and_an_unchanged_save_none(self):
        with self.takes(1):
            session = self.near.get(self.session.sid)
        with self.takes(0):
            self.near.save(session)
        with self.takes(0):
            self.near.get("no session id")

    def test_read_is_one_command_and_looks_for_an_earlier_release_where_there_is_nothing(self):
        missing = self.near.generate_key()
        for sid, round_trips, commands in ((self.session.sid, 1, 1), (missing, 2, 3)):
            before = self.reads()
            with self.takes(round_trips):
                self.near.get(sid)
            self.assertEqual(self.reads() - before, commands)

    def reads(self):
        return self.redis.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"]

    def test_changed_save_is_one(self):
        session = self.near.get(self.session.sid)
        session["changed"] = True
        with self.takes(1):
            self.near.save(session)

    def test_hard_rotation_is_one_and_deleting_is_one(self):
        with self.takes(1):
            self.near.rotate(self.session, NoUser())
        with self.takes(1):
            self.near.delete(self.session)

    def test_soft_rotation_is_two(self):
        if not CAN_ROTATE_SOFTLY:
            self.skipTest("this series of Odoo has no soft rotation")
        session = self.near.get(self.session.sid)
        late = self.near.get(self.session.sid)
        with self.takes(2):
            self.near.rotate(session, NoUser(), soft=True)
        # the next id is there already
        with self.takes(1):
            self.near.rotate(late, NoUser(), soft=True)
        self.assertEqual(late.sid, session.sid)

    def test_identifiers_are_checked_in_one_and_revoked_in_one(self):
        if not HAS_IDENTIFIERS:
            self.skipTest("this series of Odoo has no session identifiers")
        identifiers = [self.new_session(uid=2).sid[:42] for _number in range(50)]
        with self.takes(1):
            self.assertFalse(self.near.get_missing_session_identifiers(identifiers))
        with self.takes(1):
            self.near.delete_from_identifiers(identifiers)
        self.assertEqual(self.near.list(), [self.session.sid])


@tagged("-at_install", "post_install")
class TestReplica(SentinelCase, BaseCase):
    def test_log_in_waits_for_a_replica_and_a_save_does_not(self):
        session = self.new_session(uid=2)
        before = self.waits()
        session["changed"] = True
        self.store.save(session)
        self.assertEqual(self.waits(), before)
        self.store.rotate(session, NoUser())
        self.assertEqual(self.waits(), before + 1)

    def waits(self):
        return self.redis.info("commandstats").get("cmdstat_wait", {"calls": 0})["calls"]
