"""An ended session stays ended, and forms of earlier releases are taken over once."""

import json
import time

from odoo import http
from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..serialization.compression import compress
from ..serialization.payload import Stamp, digest_of, split_envelope, with_envelope
from .rotation import CAN_ROTATE_SOFTLY, NoUser
from .store_case import StoreCase


@tagged("-at_install", "post_install")
class TestEnded(StoreCase, BaseCase):
    def test_deleted_session_cannot_be_saved_again(self):
        session = self.new_session(uid=2)
        late = self.new_store().get(session.sid)
        late["changed"] = True
        self.store.delete(session)
        for one in (session, late, self.store.session_class(dict(session), session.sid)):
            self.store.save(one)
            self.assertFalse(self.store.get(session.sid))

    def test_payload_of_another_session_is_no_session(self):
        session, other = self.new_session(uid=2), self.new_session(uid=3)
        self.redis.set(self.key(session), self.redis.get(self.key(other)))
        with self.assertLogs("odoo.addons.session_redis.session_store.store", "WARNING") as logs:
            self.assertFalse(self.store.get(session.sid))
        self.assertIn("it belongs to another session", logs.output[0])
        self.assertEqual(self.store.get(other.sid)["uid"], 3)

    def test_payload_of_release_3_0_0_is_taken_over(self):
        session = self.new_session(uid=2, login="x")
        stamp = self.stamp(session)._replace(at=1000)
        text = with_envelope(self.body(session), stamp)
        self.redis.set(self.key(session), compress(text), ex=5000)
        self.assertEqual(dict(self.store.get(session.sid)), dict(session))
        # as it was, but for the id that it names
        owner, stored_stamp, _body = split_envelope(self.payload(session))
        self.assertEqual((owner, stored_stamp), (digest_of(session.sid), stamp))
        self.assertAlmostEqual(self.redis.ttl(self.key(session)), 5000, delta=2)

    def test_release_3_0_0_reads_what_is_written(self):
        session = self.new_session(uid=2, login="x")
        values = json.loads(self.payload(session))
        self.assertEqual(list(values)[:2], ["_of", "_saved"])
        del values["_of"], values["_saved"]
        self.assertEqual(values, dict(session))

    def test_session_of_a_visitor_can_be_saved_under_the_id_of_one_that_ended(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        late["changed"] = True
        self.store.delete(session)
        # core keeps the id of the cookie
        visitor = self.store.get(session.sid)
        visitor.sid = session.sid
        visitor["basket"] = 1
        self.store.save(visitor)
        self.store.save(late)
        found = self.store.get(session.sid)
        self.assertEqual((found.get("uid"), found["basket"]), (None, 1))

    def test_later_one_of_two_requests_wins(self):
        session = self.new_session(uid=2)
        first, second = (self.new_store().get(session.sid) for _number in range(2))
        first["first"] = second["second"] = True
        self.store.save(first)
        self.store.save(second)
        self.assertTrue(self.store.get(session.sid)["second"])

    def test_late_request_does_not_undo_a_rotation(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        session.update({"next_sid": "x", "deletion_time": time.time() + 100})
        self.store.save(session)
        late["changed"] = True
        self.store.save(late)
        found = self.store.get(session.sid)
        self.assertEqual((found["next_sid"], found["changed"]), ("x", True))
        self.assertLessEqual(self.redis.ttl(self.key(session)), 101)

    def test_ended_session_is_not_revived_by_its_old_key(self):
        for end in (self.store.delete, self.expire, self.rotate_softly):
            sid = self.old_session(uid=2, create_time=0)
            payload = self.redis.get(self.old_key(sid))
            session = self.store.get(sid)
            self.assertTrue(session)
            end(session)
            # an old front-end had it in its hands
            self.redis.set(self.old_key(sid), payload, ex=100)
            self.assertFalse(self.store.get(sid), end)

    def expire(self, session):
        self.redis.delete(self.key(session))

    def rotate_softly(self, session):
        old = session.sid
        if CAN_ROTATE_SOFTLY:
            self.store.rotate(session, NoUser(), soft=True)
        self.redis.delete(f"session:{self.prefix}:{old}")

    def test_old_key_that_was_never_read_ends_with_its_identifier(self):
        if not HAS_IDENTIFIERS:
            self.skipTest("this series of Odoo has no session identifiers")
        for store in (self.store, self.new_store(old_keys="1")):
            sid = self.old_session(uid=2)
            store.delete_from_identifiers([sid[:42]])
            self.assertFalse(store.get(sid))

    def test_tombstone_lives_no_longer_than_an_earlier_form_could(self):
        session = self.new_session(uid=2, expiration=100)
        self.store.delete(session)
        tombstone = self.store.keys.tombstone(session.sid[:42])
        self.assertAlmostEqual(self.redis.ttl(tombstone), 120, delta=2)
        anonymous = self.new_session()
        self.store.delete(anonymous)
        self.assertFalse(self.redis.exists(self.store.keys.tombstone(anonymous.sid[:42])))


@tagged("-at_install", "post_install")
class TestLifetime(StoreCase, BaseCase):
    def test_parameter_with_which_no_session_could_live_is_not_used(self):
        for seconds in (-1, 0, -(2**70)):
            self.store.lifetimes.remember_vacuum("x", seconds)
            session = self.new_session(uid=2, db="x")
            self.assertTrue(self.store.get(session.sid), seconds)
            self.assertEqual(self.stamp(session).lifetime, http.SESSION_LIFETIME)
        for seconds in (2**40, 2**63, 2**70):
            self.store.lifetimes.remember_vacuum("x", seconds)
            session = self.new_session(uid=2, db="x", own=1)
            self.assertTrue(self.store.get(session.sid), seconds)
            self.store.delete(session)
        session = self.new_session(uid=2, expiration=2**40)
        self.assertTrue(self.store.get(session.sid))
        with self.assertRaisesRegex(ValueError, "'expiration'"):
            self.new_session(uid=2, expiration=2**41)

    def test_clocks_that_differ_by_more_than_a_lifetime_end_no_session(self):
        for ahead in (-30 * 86400, 30 * 86400):
            # as another front-end has saved it
            session = self.new_session(self.new_store(), uid=2)
            stamp = self.stamp(session)
            other = Stamp(stamp.at + ahead, stamp.lifetime)
            self.change_stamp(session, other, stamp.lifetime - 10)
            self.assertTrue(self.store.get(session.sid), ahead)
            # and in a database whose parameter was made shorter
            self.store.lifetimes.remember_vacuum(None, 5)
            self.assertFalse(self.store.get(session.sid), ahead)
            self.store.lifetimes.remember_vacuum(None, http.SESSION_LIFETIME)
