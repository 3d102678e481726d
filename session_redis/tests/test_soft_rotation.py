"""A soft rotation: the old id works for a while, and every request ends on the same next one."""

from concurrent.futures import ThreadPoolExecutor

from odoo.tests import BaseCase, tagged

from .rotation import CAN_ROTATE_SOFTLY, NoUser, race
from .store_case import StoreCase


@tagged("-at_install", "post_install")
class TestSoftRotation(StoreCase, BaseCase):
    def setUp(self):
        super().setUp()
        if not CAN_ROTATE_SOFTLY:
            self.skipTest("this series of Odoo has no soft rotation")

    def test_both_ids_work_for_a_while(self):
        session = self.new_session(uid=2)
        old = session.sid
        self.store.rotate(session, NoUser(), soft=True)
        self.assertEqual(session.sid[:42], old[:42])
        self.assertEqual(self.store.get(old)["next_sid"], session.sid)
        new = self.store.get(session.sid)
        self.assertEqual(new.session_token, f"token of {session.sid}")
        self.assertEqual(dict(new), dict(session))
        self.assertNotIn("next_sid", new)
        self.assertLessEqual(self.redis.ttl(self.store.keys.session_keys(old)[0]), 120)

    def test_later_request_with_the_old_id_gets_the_same_next_id(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        self.store.rotate(session, NoUser(), soft=True)
        self.store.rotate(late, NoUser(), soft=True)
        self.assertEqual(late.sid, session.sid)

    def test_rotation_does_not_undo_a_log_out(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        self.store.delete(session)
        self.store.rotate(late, NoUser(), soft=True)
        self.assertFalse(self.store.get(late.sid))

    def test_rotation_does_not_take_the_place_of_a_visitor(self):
        session = self.new_session(uid=2)
        late = self.store.get(session.sid)
        # it expires, and the browser goes on as a visitor under the id of its cookie
        self.redis.delete(self.key(session))
        visitor = self.store.get(session.sid)
        visitor.sid = session.sid
        visitor["basket"] = 1
        self.store.save(visitor)
        self.store.rotate(late, NoUser(), soft=True)
        self.assertEqual(late.sid, session.sid)
        self.assertFalse(self.store.get(session.sid).get("uid"))

    def test_eight_racing_requests_end_on_one_next_id(self):
        with ThreadPoolExecutor(8) as pool:
            for _round in range(200):
                session = self.new_session(uid=2)
                sids = race(pool, self.store, session.sid)
                self.assertEqual(len(sids), 1)
                self.assertNotIn(session.sid, sids)
                self.assertTrue(self.store.get(sids.pop()))

    def test_old_ids_are_deleted_and_the_session_stays(self):
        session = self.new_session(uid=2)
        old = session.sid
        self.store.rotate(session, NoUser(), soft=True)
        session["create_time"] -= 1000
        self.store.delete_old_sessions(session)
        self.assertFalse(self.store.get(old))
        self.assertNotIn("gc_previous_sessions", self.store.get(session.sid))
        self.assertEqual(self.store.get(session.sid)["uid"], 2)

    def test_old_id_of_a_session_that_was_taken_over_can_be_rotated_again(self):
        sid = self.old_session(uid=2, create_time=0)
        session, late = self.store.get(sid), self.store.get(sid)
        self.store.rotate(session, NoUser(), soft=True)
        late["step"] = 1
        self.store.save(late)
        self.assertEqual(self.store.get(sid)["step"], 1)
        self.store.rotate(late, NoUser())
        self.assertEqual(self.store.get(late.sid)["uid"], 2)
        for ended in (sid, session.sid):
            self.assertFalse(self.store.get(ended))
