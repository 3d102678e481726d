"""A rolling upgrade: a front-end of an earlier release and one of this one, in turns."""

import json

from odoo import http
from odoo.tests import HttpCase, tagged

from .store_case import StoreCase


class StoreOfEarlierReleases(http.FilesystemSessionStore):
    """Writes what releases before 3.0 wrote, and reads it as they did; a stand-in for them."""

    def __init__(self, redis, prefix):
        super().__init__(session_class=http.Session, renew_missing=True)
        self.redis = redis
        self.prefix = prefix

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
