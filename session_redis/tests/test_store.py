import json
import time
from contextlib import suppress
from datetime import date

import pytz

from odoo import http
from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..serialization.compression import compress
from ..serialization.tagged_json import decode, encode
from .store_case import StoreCase

# values of a user's session, in addition to core's defaults
USUAL = {
    "db": "acme",
    "login": "jane.doe@example.com",
    "session_token": "f1b6a3f0c2de4877a1b05c3d9e8f6a7b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f",
    "context": {"lang": "fr_BE", "tz": "Europe/Brussels", "uid": 17},
    "_trace": [
        {
            "platform": "macos",
            "browser": "firefox",
            "ip_address": "198.51.100.23",
            "first_activity": 1760012345,
            "last_activity": 1760067890,
        }
    ],
}


@tagged("-at_install", "post_install")
class TestStore(StoreCase, BaseCase):
    def test_session_is_read_as_it_was_saved(self):
        session = self.new_session(uid=2, login="admin", basket={"lines": [1, 2]})
        found = self.new_store().get(session.sid)
        self.assertEqual(dict(found), dict(session))
        self.assertEqual(found.sid, session.sid)
        self.assertFalse(found.is_dirty)
        self.assertFalse(found.is_new)

    def test_key_is_the_documented_one(self):
        session = self.new_session()
        self.assertEqual(self.body(session), encode(session))
        self.assertEqual(json.loads(self.payload(session))["_saved"][1], 10800)
        self.assertEqual(
            self.new_store(prefix="").keys.session_keys(session.sid), [f"session:{session.sid}"]
        )

    def test_session_and_its_index_take_less_than_one_and_a_half_times_its_json(self):
        self.prefix = self.prefix[:14]  # as long as they usually are
        store = self.new_store()
        session = self.new_session(store, uid=2, **USUAL)
        keys = {*store.keys.session_keys(session.sid), store.keys.index(session.sid)}
        taken = [self.redis.memory_usage(key, samples=0) for key in keys]
        self.assertLessEqual(sum(filter(None, taken)), 1.5 * len(json.dumps(dict(session))))

    def test_session_that_was_stored_as_plain_json_is_read_and_packed_by_its_next_save(self):
        session = self.new_session(uid=2, login="x")
        text = self.payload(session)
        self.redis.set(self.key(session), text, ex=1000)
        found = self.store.get(session.sid)
        self.assertEqual(dict(found), dict(session))
        self.store.save(found)
        self.assertEqual(self.redis.get(self.key(session)), text)
        found["step"] = 1
        self.store.save(found)
        self.assertFalse(self.redis.get(self.key(session)).startswith(b"{"))
        self.assertEqual(self.store.get(session.sid)["step"], 1)

    def test_missing_session_is_an_empty_new_one(self):
        sid = self.store.generate_key()
        found = self.store.get(sid)
        self.assertFalse(found)
        self.assertNotEqual(found.sid, sid)
        self.assertTrue(found.is_new)
        self.assertEqual(self.store.get("no key").keys(), set())

    def test_invalid_id_is_never_part_of_a_key(self):
        session = self.new_session()
        session.sid = "*"
        with self.assertRaises(ValueError):
            self.store.save(session)

    def test_session_ends_by_itself(self):
        anonymous = self.new_session()
        user = self.new_session(uid=2)
        brief = self.new_session(uid=2, expiration=7)
        self.assertAlmostEqual(self.redis.ttl(self.key(anonymous)), 10800, delta=2)
        self.assertAlmostEqual(self.redis.ttl(self.key(user)), http.SESSION_LIFETIME, delta=2)
        self.assertAlmostEqual(self.redis.ttl(self.key(brief)), 7, delta=2)

    def test_environment_says_how_long(self):
        store = self.new_store(expiration="500", expiration_anonymous="50")
        self.assertAlmostEqual(
            self.redis.ttl(self.key(self.new_session(store, uid=2))), 500, delta=2
        )
        self.assertAlmostEqual(self.redis.ttl(self.key(self.new_session(store))), 50, delta=2)

    def test_first_lifetime_that_is_known_counts(self):
        deletion, own, environment, parameter = 40, 500, 6000, 70_000
        for store, values, expected in (
            (
                self.new_store(expiration=environment),
                {"deletion_time": time.time() + deletion, "expiration": own},
                deletion,
            ),
            (self.new_store(expiration=environment), {"expiration": own}, own),
            (self.new_store(expiration=environment), {}, environment),
            (self.new_store(), {}, parameter),
            (self.new_store(), {"db": "of no parameter"}, http.SESSION_LIFETIME),
            (self.new_store(), {"uid": None}, 10800),
            (self.new_store(expiration_anonymous=80_000), {"uid": None}, parameter),
        ):
            store.lifetimes.remember_vacuum("of a parameter", parameter)
            session = self.new_session(store, **{"uid": 2, "db": "of a parameter", **values})
            self.assertAlmostEqual(self.redis.ttl(self.key(session)), expected, delta=2)

    def test_values_come_back_as_what_the_sessions_of_core_keep(self):
        given = {"ids": {1, 2}, "day": date(2024, 2, 29), "zone": pytz.timezone("Asia/Tokyo")}
        for key, value in given.items():
            try:
                of_core = http.Session({key: value}, self.store.generate_key())[key]
            except TypeError:  # from 18.0, JSON's own types alone
                with self.assertRaises(TypeError):
                    self.new_session(uid=2, **{key: value})
                continue
            found = self.store.get(self.new_session(uid=2, **{key: value}).sid)[key]
            self.assertEqual((type(found), found), (type(of_core), of_core))

    def test_rotated_id_lives_until_its_deletion_time(self):
        session = self.new_session(uid=2, expiration=999, deletion_time=time.time() + 30)
        self.assertAlmostEqual(self.redis.ttl(self.key(session)), 30, delta=2)

    def test_unchanged_session_is_not_rewritten(self):
        session = self.store.get(self.new_session(uid=2).sid)
        self.redis.set(self.key(session), b"untouched")
        self.store.save(session)
        self.assertEqual(self.redis.get(self.key(session)), b"untouched")
        session["changed"] = True
        self.store.save(session)
        self.assertEqual(self.store.get(session.sid)["changed"], True)

    def test_session_that_was_saved_back_and_forth_is_written_each_time(self):
        session = self.store.get(self.new_session(uid=2, step=1).sid)
        for step in (2, 1, 2):
            session["step"] = step
            self.store.save(session)
            self.assertEqual(self.store.get(session.sid)["step"], step)

    def test_session_takes_attributes_as_the_sessions_of_core_do(self):
        session, of_core = self.store.new(), http.Session({}, self.store.generate_key())
        for one in (session, of_core):
            with suppress(AttributeError):
                one.other = 1
        self.assertEqual(dict(session), dict(of_core))
        self.assertEqual(hasattr(session, "__dict__"), hasattr(of_core, "__dict__"))

    def test_a_look_at_a_session_does_not_prolong_it(self):
        session = self.new_session(uid=2)
        self.age(session, 100_000)
        before = self.payload(session)
        self.assertTrue(self.store.get(session.sid))
        self.assertEqual(self.payload(session), before)

    def test_prolonging_neither_undoes_a_change_nor_a_log_out(self):
        session = self.new_session(uid=2)
        keys = self.store.keys.session_keys(session.sid)
        for meanwhile in (self.store.save, self.store.delete):
            late = self.store.get(session.sid)
            session["step"] = str(meanwhile)
            meanwhile(session)
            before = self.redis.get(keys[0])
            self.store._reader._prolong(late)
            self.assertEqual(self.redis.get(keys[0]), before)

    def test_reading_ends_the_life_of_an_immortal_session(self):
        # SET and EXPIRE were two commands in releases before 3.0
        session = self.new_session()
        self.redis.set(self.key(session), encode(session))
        self.store.get(session.sid)
        self.assertAlmostEqual(self.redis.ttl(self.key(session)), 10800, delta=2)

    def test_session_has_ended_by_its_stamp(self):
        session = self.new_session(uid=2, db="x")
        self.age(session, 1000)
        self.store.vacuum(max_lifetime=900)
        self.assertTrue(self.store.get(session.sid))
        self.store.lifetimes.remember_vacuum("x", 900)
        self.assertFalse(self.store.get(session.sid))

    def test_reading_does_not_prolong_a_rotated_id(self):
        session = self.new_session(uid=2, deletion_time=time.time() + 30)
        self.redis.expire(self.key(session), 5)
        self.store.get(session.sid)
        self.assertLessEqual(self.redis.ttl(self.key(session)), 30)

    def test_deleted_session_is_gone(self):
        session = self.new_session(uid=2)
        self.store.delete(session)
        self.assertFalse(self.store.get(session.sid))
        self.assertEqual(self.sessions_left(), [])

    def test_session_of_earlier_releases_gets_the_present_key_by_reading(self):
        sid = self.old_session(uid=2, login="x")
        session = self.store.get(sid)
        self.assertEqual((session.sid, session["login"]), (sid, "x"))
        self.assertEqual(decode(self.body(session)), {"uid": 2, "login": "x"})
        self.assertLessEqual(self.redis.ttl(self.old_key(sid)), 100)
        self.assertEqual(self.store.get(sid)["login"], "x")

    def test_session_that_gets_the_present_key_between_two_looks_is_found(self):
        sid = self.old_session(uid=2)
        present, old = self.store.keys.session_keys(sid)
        store = self.new_store()
        pool = store.connection.client.connection_pool
        get_connection = pool.get_connection
        looks = []

        def look():
            looks.append(sid)
            if len(looks) == 2:
                self.redis.rename(old, present)
            return get_connection()

        pool.get_connection = look
        lookup, payload = store.inspect(sid)
        self.assertEqual((lookup.key, payload.values), (present, {"uid": 2}))
        self.assertEqual(len(looks), 2)

    def test_log_out_deletes_both_keys(self):
        session = self.store.get(self.old_session(uid=2))
        self.store.delete(session)
        self.assertEqual(self.sessions_left(), [])

    def test_revocation_deletes_both_keys(self):
        if not HAS_IDENTIFIERS:
            self.skipTest("this series of Odoo has no session identifiers")
        session = self.store.get(self.old_session(uid=2))
        self.store.delete_from_identifiers([session.sid[:42]])
        self.assertEqual(self.sessions_left(), [])

    def test_old_keys_are_written_as_earlier_releases_read_them(self):
        store = self.new_store(old_keys="1")
        session = self.new_session(store, uid=2, login="x")
        self.assertEqual(json.loads(self.redis.get(self.old_key(session.sid))), dict(session))
        self.assertIsNone(self.payload(session))
        self.redis.set(self.old_key(session.sid), b'{"uid": 2, "login": "changed"}')
        self.assertEqual(store.get(session.sid)["login"], "changed")
        self.assertEqual(
            self.redis.get(self.old_key(session.sid)), b'{"uid": 2, "login": "changed"}'
        )

    def test_sessions_under_the_present_key_are_known_to_a_store_of_old_keys(self):
        session = self.new_session(uid=2, login="x")
        store = self.new_store(old_keys="1")
        self.assertEqual(store.get(session.sid)["login"], "x")
        self.assertEqual(json.loads(self.redis.get(self.old_key(session.sid))), dict(session))

    def test_new_key_wins_over_that_of_earlier_releases(self):
        session = self.new_session(login="new")
        self.redis.set(f"session::{self.prefix}:{session.sid}", b'{"login": "old"}', ex=100)
        self.assertEqual(self.store.get(session.sid)["login"], "new")

    def test_unreadable_payload_is_no_session_and_is_told_once(self):
        session = self.new_session(uid=2)
        cut = self.redis.get(self.key(session))[:-1]
        changed = cut[:-1] + b"xx"
        with self.assertLogs("odoo.addons.session_redis.session_store.store", "WARNING") as logs:
            for payload in (
                *(b"[1]", b"\x80\x04", b'{"uid"', b'"x"', b'{"a":' * 100_000),
                b'{"a":"%s"}' % (b"x" * 10_000_000),
                *(cut, changed, compress(b'{"a":"%s"}' % (b"x" * 10_000_000))),
                *(b'{"expiration":Infinity}', b'{"deletion_time":NaN}', b'{"db":[],"uid":2}'),
            ):
                self.redis.set(self.key(session), payload)
                found = self.store.get(session.sid)
                self.assertFalse(found)
                self.assertNotEqual(found.sid, session.sid)
        self.assertEqual(len(logs.output), 1)
        self.assertNotIn(session.sid[:8], logs.output[0])

    def test_foreign_type_under_the_key_is_no_session(self):
        session = self.new_session()
        self.redis.delete(self.key(session))
        self.redis.rpush(self.key(session), "x")
        with self.assertLogs("odoo.addons.session_redis.session_store.store", "WARNING"):
            self.assertFalse(self.store.get(session.sid))
        self.assertFalse(self.store.get(session.sid))
        self.store.save(self.store.session_class({"uid": 2}, session.sid))
        self.assertTrue(self.store.get(session.sid))

    def test_hard_rotation_leaves_the_new_id_only(self):
        session = self.new_session(basket=3)
        old = session.sid
        session.should_rotate = True
        self.store.rotate(session, None)
        self.assertFalse(session.should_rotate)
        self.assertNotEqual(session.sid, old)
        self.assertFalse(self.store.get(old))
        self.assertEqual(self.store.get(session.sid)["basket"], 3)

    def test_list_has_every_session_once(self):
        sids = {self.new_session(uid=number % 2).sid for number in range(5)}
        self.assertEqual(sorted(self.store.list()), sorted(sids))

    def test_vacuum_takes_what_each_series_gives_it(self):
        self.assertIsNone(self.store.vacuum())
        self.assertIsNone(self.store.vacuum(max_lifetime=1))

    def test_no_whole_session_id_is_logged(self):
        with self.assertLogs("odoo.addons.session_redis", "DEBUG") as logs:
            store = self.new_store(port=1, host="127.0.0.1")
            session = self.new_session(store, uid=2)
        self.assertNotIn(session.sid, "".join(logs.output))
        self.assertIn(session.sid[:8], "".join(logs.output))
