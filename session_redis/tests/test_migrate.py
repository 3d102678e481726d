import os
import tempfile
import time

from odoo import http
from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..migrate import Migration
from .store_case import StoreCase


@tagged("-at_install", "post_install")
class TestMigrate(StoreCase, BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.files = http.FilesystemSessionStore(
            folder.name, session_class=http.Session, renew_missing=True
        )

    def file_session(self, age=0, **values):
        session = self.new_session(self.files, **values)
        moment = time.time() - age
        os.utime(self.files.get_session_filename(session.sid), (moment, moment))
        return session

    def migrate(self, **options):
        return Migration(self.store, **options).copy_files(self.files.path)

    def is_file(self, session):
        return os.path.exists(self.files.get_session_filename(session.sid))

    def test_sessions_of_files_are_in_redis_for_the_time_that_is_left(self):
        session = self.file_session(age=1000, uid=2, login="x", basket=[1, {"a": None}])
        report = self.migrate()
        self.assertEqual((report.found, report.copied, report.failed), (1, 1, 0))
        self.assertEqual(dict(self.store.get(session.sid)), dict(session))
        left = http.SESSION_LIFETIME - 1000
        self.assertAlmostEqual(self.redis.ttl(self.key(session)), left, delta=3)
        self.assertTrue(self.is_file(session))
        if HAS_IDENTIFIERS:
            self.store.delete_from_identifiers([session.sid[:42]])
            self.assertFalse(self.store.get(session.sid))

    def test_dry_run_writes_and_deletes_nothing(self):
        session = self.file_session(uid=2)
        report = self.migrate(dry_run=True, purge=True)
        self.assertEqual((report.copied, report.purged), (1, 0))
        self.assertIsNone(self.payload(session))
        self.assertTrue(self.is_file(session))

    def test_later_one_wins(self):
        session = self.file_session(age=1000, uid=2, step=1)
        self.migrate()
        session["step"] = 2
        self.store.save(self.store.session_class(dict(session), session.sid))
        self.assertEqual(self.migrate().present, 1)
        self.assertEqual(self.store.get(session.sid)["step"], 2)
        session["step"] = 3
        self.files.save(session)
        moment = time.time() + 10
        os.utime(self.files.get_session_filename(session.sid), (moment, moment))
        self.assertEqual(self.migrate().copied, 1)
        self.assertEqual(self.store.get(session.sid)["step"], 3)

    def test_what_has_ended_is_not_copied(self):
        session = self.file_session(age=http.SESSION_LIFETIME + 10, uid=2)
        self.assertEqual(self.migrate().ended, 1)
        self.assertIsNone(self.payload(session))

    def test_purge_deletes_what_is_in_redis_and_what_has_ended(self):
        session = self.file_session(uid=2)
        ended = self.file_session(age=http.SESSION_LIFETIME + 10)
        unreadable = self.file_session(uid=2)
        with open(self.files.get_session_filename(unreadable.sid), "w") as file:
            file.write("{")
        report = self.migrate(purge=True)
        self.assertEqual((report.purged, report.unreadable), (2, 1))
        self.assertFalse(self.is_file(session))
        self.assertFalse(self.is_file(ended))
        self.assertTrue(self.is_file(unreadable))
        self.assertTrue(self.store.get(session.sid))

    def test_old_keys_become_present_ones(self):
        sid = self.store.generate_key()
        old_key = f"session::{self.prefix}:{sid}"
        self.redis.set(old_key, b'{"uid": 2, "login": "x"}', ex=100)
        self.assertEqual(Migration(self.store, dry_run=True).rename_old_keys().copied, 1)
        self.assertEqual(self.redis.exists(*self.store.keys.session_keys(sid)), 1)
        self.assertEqual(Migration(self.store).rename_old_keys().copied, 1)
        self.assertEqual(self.redis.exists(*self.store.keys.session_keys(sid)), 2)
        report = Migration(self.store, purge=True).rename_old_keys()
        self.assertEqual((report.present, report.purged), (1, 1))
        self.assertEqual(self.redis.exists(old_key), 0)
        self.assertEqual(self.store.get(sid)["login"], "x")
