"""A rolling upgrade: a front-end of an earlier release and one of this one, in turns."""

import json
import unittest

from odoo import http
from odoo.tests import HttpCase, tagged
from odoo.tools._vendor import sessions

from ..compat import HAS_IDENTIFIERS, HAS_OLD_IDS
from ..migrate import Migration
from ..session_store.keys import SHORT_ID
from .store_case import StoreCase


class StoreOfEarlierReleases(http.FilesystemSessionStore):
    """Writes and reads sessions in the form of releases before 3.0."""

    def __init__(self, redis, prefix):
        super().__init__(session_class=http.Session, renew_missing=True)
        self.redis = redis
        self.prefix = prefix

    if HAS_OLD_IDS:
        generate_key = sessions.SessionStore.generate_key
        is_valid_key = sessions.SessionStore.is_valid_key

    def _key(self, sid):
        return f"session::{self.prefix}:{sid}"

    def save(self, session):
        self.redis.set(self._key(session.sid), json.dumps(dict(session)).encode())
        self.redis.expire(self._key(session.sid), 604800 if session.get("uid") else 10800)

    def get(self, sid):
        payload = self.is_valid_key(sid) and self.redis.get(self._key(sid))
        return self.session_class(json.loads(payload), sid) if payload else self.new()

    def delete(self, session):
        self.redis.delete(self._key(session.sid))


@tagged("-at_install", "post_install")
class TestUpgrade(StoreCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.old = StoreOfEarlierReleases(self.redis, self.prefix)
        self.use_store(self.old)

    def ask(self, store, path, **params):
        """Send a request to the front-end that keeps its sessions in ``store``."""
        http.Application.session_store = store
        headers = {"Content-Type": "application/json"}
        return self.url_open(path, data=json.dumps({"params": params}), headers=headers).json()

    def log_in(self, store):
        params = {"db": self.env.cr.dbname, "login": "admin", "password": "admin"}
        answer = self.ask(store, "/web/session/authenticate", **params)
        self.assertEqual(answer["result"]["uid"], self.env.ref("base.user_admin").id)

    def log_out(self, store):
        http.Application.session_store = store
        self.url_open("/web/session/logout", allow_redirects=False)

    def is_logged_in(self, store):
        return "error" not in self.ask(store, "/web/session/check")

    def test_upgrade_logs_nobody_out(self):
        self.log_in(self.old)
        for store in (self.old, self.store, self.old, self.store):
            self.assertTrue(self.is_logged_in(store), store)

    def test_log_out_at_the_new_front_end_is_one_at_both(self):
        self.log_in(self.old)
        self.assertTrue(self.is_logged_in(self.store))
        sid = self.opener.cookies["session_id"]
        self.log_out(self.store)
        self.assertFalse(self.old.get(sid))
        self.assertFalse(self.store.get(sid))

    def test_with_old_keys_every_log_in_and_log_out_counts_at_both(self):
        new = self.new_store(old_keys="1")
        for first, second in ((self.old, new), (new, self.old)):
            self.log_in(first)
            for store in (first, second, first, second):
                self.assertTrue(self.is_logged_in(store), store)
            sid = self.opener.cookies["session_id"]
            self.log_out(first)
            self.assertFalse(self.old.get(sid))
            self.assertFalse(new.get(sid))
            self.opener.cookies.clear()

    def test_old_keys_may_be_switched_off_afterwards(self):
        self.log_in(self.new_store(old_keys="1"))
        self.assertTrue(self.is_logged_in(self.store))
        self.assertTrue(self.is_logged_in(self.old))

    def test_change_that_was_made_with_old_keys_is_there_afterwards(self):
        new = self.new_store(old_keys="1")
        session = self.new_session(uid=2, step=1)
        session = new.get(session.sid)
        session["step"] = 2
        new.save(session)
        self.assertEqual(self.store.get(session.sid)["step"], 2)

    @unittest.skipUnless(HAS_IDENTIFIERS, "17.0 knows no devices")
    def test_session_of_the_old_front_end_is_revoked_by_its_identifier_once_it_was_used(self):
        for store in (self.store, self.new_store(old_keys="1")):
            session = self.new_session(self.old, uid=2)
            identifier = session.sid[:42]
            self.assertTrue(store.get(session.sid))
            self.assertEqual(store.get_missing_session_identifiers([identifier]), set())
            store.delete_from_identifiers([identifier])
            self.assertFalse(self.old.get(session.sid))
            self.assertFalse(store.get(session.sid))
            missing = store.get_missing_session_identifiers([identifier])
            self.assertEqual(missing, {identifier})

    def test_ids_are_those_of_core_once_the_old_keys_are_off(self):
        core = http.FilesystemSessionStore(session_class=http.Session, renew_missing=True)
        self.assertTrue(core.is_valid_key(self.store.generate_key()))
        ids = self.new_store(old_keys="1").generate_key(), self.old.generate_key()
        for sid in ids:
            self.assertTrue(self.old.is_valid_key(sid))
            self.assertTrue(self.store.is_valid_key(sid))
            self.assertEqual(core.is_valid_key(sid), not HAS_OLD_IDS)

    def test_id_of_40_digits_is_one_only_where_they_were_made(self):
        core = http.FilesystemSessionStore(session_class=http.Session, renew_missing=True)
        sid = "0123456789" * 4
        self.assertTrue(SHORT_ID.fullmatch(sid))
        self.assertEqual(self.store.is_valid_key(sid), HAS_OLD_IDS or core.is_valid_key(sid))
        for wrong in (sid + "\n", sid[1:], sid.replace("9", "g"), sid.replace("9", "*")):
            self.assertFalse(self.store.is_valid_key(wrong) and SHORT_ID.fullmatch(wrong), wrong)

    def test_migrate_takes_the_ids_of_the_old_front_end(self):
        session = self.new_session(self.old, uid=2, login="x")
        self.assertEqual(Migration(self.store, purge=True).rename_old_keys().copied, 1)
        self.assertFalse(self.old.get(session.sid))
        self.assertEqual(self.store.get(session.sid)["login"], "x")
