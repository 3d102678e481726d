import json
from contextlib import contextmanager

from odoo import http
from odoo.tests import HttpCase, tagged

from odoo.addons.cloud_base.events.operations import subscribe, unsubscribe
from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..session_store.store import RedisSessionStore
from .common import free_port
from .rotation import CAN_ROTATE_SOFTLY
from .store_case import StoreCase

LOGGER = "odoo.addons.session_redis"


class LosingStore(RedisSessionStore):
    """Loses its Redis as soon as a session was read: ``lose()``."""

    def get(self, sid):
        session = super().get(sid)
        self.lose()
        return session


@tagged("-at_install", "post_install")
class TestHttp(StoreCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.use_store(self.store)

    def authenticate_over_http(self):
        params = {"db": self.env.cr.dbname, "login": "admin", "password": "admin"}
        return self.url_open(
            "/web/session/authenticate",
            data=json.dumps({"jsonrpc": "2.0", "params": params}),
            headers={"Content-Type": "application/json"},
        )

    def check_session(self):
        headers = {"Content-Type": "application/json"}
        response = self.url_open("/web/session/check", data="{}", headers=headers)
        self.assertNotIn("error", response.json())

    def log_in(self):
        self.url_open("/web/login")
        return self.authenticate_over_http()

    def test_log_in_leaves_one_session_of_the_user(self):
        response = self.log_in()
        self.assertEqual(response.json()["result"]["uid"], self.env.ref("base.user_admin").id)
        session = self.store.get(self.opener.cookies["session_id"])
        self.assertEqual(session.uid, self.env.ref("base.user_admin").id)
        users = [sid for sid in self.store.list() if self.store.get(sid).uid]
        self.assertEqual(users, [session.sid])

    def test_log_out_deletes_the_session(self):
        self.log_in()
        sid = self.opener.cookies["session_id"]
        self.url_open("/web/session/logout", allow_redirects=False)
        self.assertFalse(self.store.get(sid))

    def test_lifetime_is_that_of_the_database(self):
        self.env["ir.config_parameter"].set_param("sessions.max_inactivity_seconds", "5000")
        self.log_in()
        sid = self.opener.cookies["session_id"]
        self.assertAlmostEqual(self.redis.ttl(self.store.keys.session_keys(sid)[0]), 5000, delta=5)

    def test_requests_prolong_the_session_now_and_then(self):
        self.log_in()
        # the first request of a device is noted in the session
        self.check_session()
        session = self.store.get(self.opener.cookies["session_id"])
        lifetime = self.stamp(session).lifetime
        for passed, left in ((lifetime // 20, lifetime * 19 // 20), (lifetime // 10, lifetime)):
            self.age(session, passed)
            self.check_session()
            self.assertAlmostEqual(self.redis.ttl(self.key(session)), left, delta=60)

    def test_outage_is_a_503_where_a_session_is_needed(self):
        self.log_in()
        http.Application.session_store = self.new_store(host="127.0.0.1", port=free_port())
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            response = self.url_open("/web", allow_redirects=False)
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "5")
        self.assertNotIn("session_id", response.cookies)

    @contextmanager
    def redis_that_is_lost(self):
        """Disconnect each request from Redis once it has read its session."""
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = LosingStore(self.settings(host=proxy.host, port=proxy.port))
            self.addCleanup(store.connection.close)
            store.lose = proxy.refuse
            http.Application.session_store = store
            with self.assertLogs(LOGGER, "ERROR"):
                yield
        http.Application.session_store = self.store

    def test_change_of_the_session_that_is_lost_takes_no_work_with_it(self):
        self.log_in()
        admin = self.env.ref("base.user_admin")
        args = [admin.partner_id.ids, {"ref": "written"}]
        work = {"model": "res.partner", "method": "write", "args": args, "kwargs": {}}
        seen = self.events()
        with self.redis_that_is_lost():
            response = self.url_open(
                "/web/dataset/call_kw/res.partner/write?debug=assets",
                data=json.dumps({"params": work}),
                headers={"Content-Type": "application/json"},
            )
        self.assertEqual((response.status_code, response.json().get("result")), (200, True))
        admin.partner_id.invalidate_recordset()
        self.assertEqual(admin.partner_id.ref, "written")
        self.assertIn("save_lost", seen)
        self.check_session()

    def test_routine_rotation_that_fails_is_made_up_for_by_a_later_request(self):
        if not CAN_ROTATE_SOFTLY:
            self.skipTest("this series of Odoo has no soft rotation")
        self.log_in()
        self.check_session()
        session = self.store.get(self.opener.cookies["session_id"])
        session["create_time"] -= 24 * 60 * 60
        self.store.save(session)
        seen = self.events()
        with self.redis_that_is_lost():
            self.check_session()
        self.assertEqual(self.opener.cookies["session_id"], session.sid)
        self.assertIn("rotation_postponed", seen)
        self.check_session()
        self.assertNotEqual(self.opener.cookies["session_id"], session.sid)
        self.check_session()

    def events(self):
        """Return a list that receives the names of the operations from now on."""
        seen = []
        observe = lambda operation: seen.append(operation.name)  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        return seen

    def test_unreadable_payload_is_a_log_out_and_no_error(self):
        for payload in (b"[1]", b"H\x00", b"\x80\x04.", b'"x"', b'{"uid":', b'{"db":[1],"uid":2}'):
            self.log_in()
            key = self.store.keys.session_keys(self.opener.cookies["session_id"])[0]
            self.redis.set(key, payload)
            with self.assertLogs(LOGGER, "DEBUG"):
                response = self.url_open("/web", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertIn("/web/login", response.headers["Location"])
            self.assertEqual(self.url_open("/web/login").status_code, 200)

    def test_no_request_reads_the_keyspace(self):
        def scans():
            stats = self.redis.info("commandstats")
            return [
                stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("keys", "scan")
            ]

        before = scans()
        self.log_in()
        self.check_session()
        self.url_open("/web/session/logout", allow_redirects=False)
        self.env["ir.http"]._gc_sessions()
        self.assertEqual(scans(), before)

    def test_outage_lets_static_files_through(self):
        self.log_in()
        http.Application.session_store = self.new_store(host="127.0.0.1", port=free_port())
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            response = self.url_open("/web/static/img/logo.png")
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.content)

    def test_outage_lets_health_checks_with_a_cookie_through(self):
        self.log_in()
        http.Application.session_store = self.new_store(host="127.0.0.1", port=free_port())
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            response = self.url_open("/web/health")
        self.assertEqual(response.status_code, 200)
        self.assertNotIn("session_id", response.cookies)

    def test_operations_are_counted(self):
        seen = []
        observe = lambda operation: seen.append((operation.name, operation.error))  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        self.log_in()
        self.url_open("/web/session/logout", allow_redirects=False)
        self.store.delete(self.new_session(uid=2))
        for name in ("read", "save", "rotate", "delete"):
            self.assertIn((name, None), seen)
        dead = self.new_store(host="127.0.0.1", port=free_port())
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            dead.save(self.store.session_class({}, self.store.generate_key()))
        self.assertIn(("save", "SessionStoreUnavailable"), seen)
        self.assertIn(("save_lost", None), seen)

    def test_bytes_of_sessions_are_counted(self):
        seen = {}
        observe = lambda operation: seen.update({operation.name: operation.bytes})  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        session = self.new_session(uid=2)
        self.store.get(session.sid)
        self.assertGreater(seen["save"], 0)
        self.assertEqual(seen["read"], seen["save"])

    def test_outage_lets_requests_without_a_session_through(self):
        http.Application.session_store = self.new_store(host="127.0.0.1", port=free_port())
        self.opener.cookies.clear()
        self.assertEqual(self.url_open("/web/health").status_code, 200)

    def test_log_in_during_an_outage_is_a_503(self):
        http.Application.session_store = self.new_store(host="127.0.0.1", port=free_port())
        self.opener.cookies.clear()
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            response = self.authenticate_over_http()
        self.assertEqual(response.status_code, 503)
