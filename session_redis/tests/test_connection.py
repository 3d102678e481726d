"""Each kind of connection to Redis, what refuses it, and what a start makes of that."""

import threading
import time

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.exceptions import ConfigurationError, UnreachableError
from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.cloud_base.tests.services import service

from ..startup.startup_check import check
from .common import RedisCase, free_port
from .rotation import CAN_ROTATE_SOFTLY, NoUser

START_LOG = "odoo.addons.session_redis.startup.startup_check"


class Contract:
    """Tests for every kind of Redis, mixed into cases whose ``variables`` have its address."""

    # Odoo 18.0 and later run inherited tests only where this says so
    allow_inherited_tests_method = True

    def test_session_is_saved_read_changed_and_deleted(self):
        session = self.new_session(uid=2, login="admin")
        found = self.store.get(session.sid)
        self.assertEqual(dict(found), dict(session))
        found["changed"] = True
        self.store.save(found)
        self.assertTrue(self.store.get(session.sid)["changed"])
        self.assertEqual(self.store.list(), [session.sid])
        self.store.delete(session)
        self.assertFalse(self.store.get(session.sid))

    def test_hard_rotation_leaves_the_new_id_only(self):
        session = self.new_session(uid=2)
        old = session.sid
        self.store.rotate(session, NoUser())
        self.assertEqual(self.store.list(), [session.sid])
        self.assertNotEqual(session.sid, old)

    def test_soft_rotation_gives_one_next_id(self):
        if not CAN_ROTATE_SOFTLY:
            self.skipTest("this series of Odoo has no soft rotation")
        session = self.new_session(uid=2)
        same = self.store.get(session.sid)
        self.store.rotate(session, NoUser(), soft=True)
        self.store.rotate(same, NoUser(), soft=True)
        self.assertEqual(session.sid, same.sid)

    def test_start_passes(self):
        check(self.settings(), serving=True)


class StartCase(RedisCase):
    def refused(self, **values):
        """Return what a start says at once of values that are wrong, and does not repeat."""
        with self.assertRaises(ConfigurationError) as caught:
            check(self.settings(start_timeout=5, **values), serving=True)
        [mistake] = caught.exception.mistakes
        for name, value in values.items():
            if name.endswith("password") and value:
                self.assertNotIn(str(value), mistake)
        return mistake


@tagged("-at_install", "post_install")
class TestTLS(Contract, StartCase, BaseCase):
    @property
    def variables(self):
        server = self.tls = service("redis_tls")
        names = ("host", "port", "password")
        files = {f"tls_{name}": server[name] for name in ("ca", "cert", "key")}
        return {"tls": "1", **{name: server[name] for name in names}, **files}

    def test_url_takes_the_same_files(self):
        url = f"rediss://{self.tls['host']}:{self.tls['port']}"
        store = self.new_store(url=url, host=None, port=None, tls=None)
        self.assertTrue(self.store.get(self.new_session(store, uid=2).sid))

    def test_untrusted_certificate_ends_the_start(self):
        self.assertIn("ODOO_SESSION_REDIS_TLS_CA: ", self.refused(tls_ca=self.tls["other_ca"]))

    def test_certificate_of_another_name_ends_the_start(self):
        # 127.0.0.2 is this machine too, and not in the certificate
        with FaultProxy(self.tls["host"], self.tls["port"], host="127.0.0.2") as proxy:
            mistake = self.refused(host=proxy.host, port=proxy.port)
        self.assertIn("ODOO_SESSION_REDIS_TLS_CA: ", mistake)
        self.assertIn("127.0.0.2", mistake)

    def test_certificate_that_the_server_does_not_trust_ends_the_start(self):
        mistake = self.refused(tls_cert=self.tls["other_cert"], tls_key=self.tls["other_key"])
        self.assertIn("ODOO_SESSION_REDIS_TLS_CERT: ", mistake)

    def test_absent_certificate_ends_the_start(self):
        mistake = self.refused(tls_cert=None, tls_key=None)
        self.assertIn("ODOO_SESSION_REDIS_TLS_CERT: ", mistake)

    def test_one_side_without_tls_is_told_what_it_may_be(self):
        plain = {"host": self.server.host, "port": self.server.port}
        with self.assertRaisesRegex(UnreachableError, "ODOO_SESSION_REDIS_TLS is on"):
            check(self.settings(**plain), serving=False)
        without = dict.fromkeys(("tls", "tls_ca", "tls_cert", "tls_key"))
        with self.assertRaisesRegex(UnreachableError, "ODOO_SESSION_REDIS_TLS is off"):
            check(self.settings(**without), serving=False)


@tagged("-at_install", "post_install")
class TestUsers(Contract, StartCase, BaseCase):
    @property
    def variables(self):
        self.acl = service("redis_acl")
        return {
            "host": self.acl["host"],
            "port": self.acl["port"],
            "username": "odoo",
            "password": self.acl["users"]["odoo"],
        }

    def new_prefix(self):
        # the user may use the keys of one prefix alone
        return f"{service('redis_acl')['prefix']}:{super().new_prefix()}"

    def test_wrong_password_ends_the_start_and_is_not_told(self):
        self.assertIn("ODOO_SESSION_REDIS_PASSWORD: ", self.refused(password="a-wrong-one"))

    def test_unknown_user_ends_the_start(self):
        self.assertIn("ODOO_SESSION_REDIS_USERNAME", self.refused(username="nobody"))

    def test_user_who_may_not_write_ends_the_start(self):
        mistake = self.refused(username="reader", password=self.acl["users"]["reader"])
        self.assertIn("ODOO_SESSION_REDIS_USERNAME: ", mistake)

    def test_prefix_of_others_ends_the_start(self):
        self.assertIn("ODOO_SESSION_REDIS_USERNAME: ", self.refused(prefix="of-others"))

    def test_database_that_the_server_lacks_ends_the_start(self):
        self.assertIn("ODOO_SESSION_REDIS_DB: ", self.refused(db="9999"))

    def test_databases_are_apart(self):
        session = self.new_session(uid=2)
        self.assertFalse(self.new_store(db="1").get(session.sid))
        self.assertTrue(self.new_store(db="0").get(session.sid))

    def test_url_says_the_same(self):
        session = self.new_session(uid=2)
        address = f"{self.acl['host']}:{self.acl['port']}"
        login = f"odoo:{self.acl['users']['odoo']}"
        apart = {"host": None, "port": None, "socket": None}
        whole = {**apart, "username": None, "password": None}
        same = self.new_store(url=f"redis://{login}@{address}/0", **whole)
        self.assertTrue(same.get(session.sid))
        self.assertTrue(self.new_store(url=f"redis://{address}", **apart).get(session.sid))
        for other in (
            self.new_store(url=f"redis://{login}@{address}/1", **whole),
            self.new_store(url=f"redis://{address}", db="1", **apart),
        ):
            self.assertFalse(other.get(session.sid))


@tagged("-at_install", "post_install")
class TestSocket(TestUsers):
    @property
    def variables(self):
        self.acl = service("redis_acl")
        return {
            "socket": self.acl["socket"],
            "username": "odoo",
            "password": self.acl["users"]["odoo"],
        }

    def test_url_of_the_socket_says_the_same(self):
        session = self.new_session(uid=2)
        store = self.new_store(url=f"unix://{self.acl['socket']}", socket=None)
        self.assertTrue(store.get(session.sid))

    def test_absent_socket_may_come(self):
        with self.assertRaises(UnreachableError):
            check(self.settings(socket="/nowhere/redis.sock"), serving=False)


class SentinelCase(StartCase):
    @property
    def variables(self):
        server = self.sentinel = service("redis_sentinel")
        return {
            "sentinel_host": server["sentinels"],
            "sentinel_master_name": server["master_name"],
            "sentinel_password": server["sentinel_password"],
            "sentinel_tls": "1",
            "password": server["password"],
            "tls": "1",
            "tls_ca": server["ca"],
        }


@tagged("-at_install", "post_install")
class TestSentinel(Contract, SentinelCase, BaseCase):
    def test_sentinel_that_is_away_does_not_matter(self):
        dead = f"127.0.0.1:{free_port()}"
        sentinels = f"{dead},{self.sentinel['sentinels']}"
        check(self.settings(sentinel_host=sentinels), serving=False)
        store = self.new_store(sentinel_host=sentinels)
        self.assertTrue(self.store.get(self.new_session(store, uid=2).sid))

    def test_port_is_for_sentinels_without_one(self):
        host, port = self.sentinel["sentinels"].split(",")[0].split(":")
        check(self.settings(sentinel_host=f"{host},{host}", sentinel_port=port), serving=False)

    def test_unknown_name_ends_the_start(self):
        mistake = self.refused(sentinel_master_name="unknown")
        self.assertIn("ODOO_SESSION_REDIS_SENTINEL_MASTER_NAME: ", mistake)

    def test_wrong_password_of_the_sentinels_ends_the_start(self):
        mistake = self.refused(sentinel_password="a-wrong-one")
        self.assertIn("ODOO_SESSION_REDIS_SENTINEL_PASSWORD: ", mistake)

    def test_wrong_password_of_the_server_ends_the_start(self):
        self.assertIn("ODOO_SESSION_REDIS_PASSWORD: ", self.refused(password="a-wrong-one"))

    def test_untrusted_certificate_ends_the_start(self):
        other = service("redis_tls")["other_ca"]
        self.assertIn("ODOO_SESSION_REDIS_TLS_CA: ", self.refused(tls_ca=other))

    def test_sentinels_that_are_all_away_may_come(self):
        dead = f"127.0.0.1:{free_port()}"
        with self.assertRaisesRegex(UnreachableError, "No master found"):
            check(self.settings(sentinel_host=dead), serving=False)


@tagged("-at_install", "post_install")
class TestStart(StartCase, BaseCase):
    """A start on a plain server."""

    def test_wrong_password_is_refused_at_once_and_not_told(self):
        self.assertIn("ODOO_SESSION_REDIS_PASSWORD: ", self.refused(password="a-wrong-one"))

    def test_absent_password_is_refused_at_once(self):
        self.assertIn("ODOO_SESSION_REDIS_PASSWORD: ", self.refused(password=None))

    def test_unknown_host_is_refused_at_once(self):
        # no resolver is asked, because this is not a host name
        mistake = self.refused(host="no such host")
        self.assertEqual(mistake, "ODOO_SESSION_REDIS_HOST: the name of the server is unknown")

    def test_text_that_cannot_be_a_host_name_is_refused_at_once(self):
        for values, name in (
            ({"host": "redis..example"}, "HOST"),
            ({"url": "redis://redis..example", "host": None, "port": None}, "URL"),
        ):
            mistake = self.refused(**values)
            self.assertEqual(mistake, f"ODOO_SESSION_REDIS_{name}: must be a host name")

    def test_server_that_comes_within_the_time_is_waited_for(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            proxy.refuse()
            settings = self.settings(host=proxy.host, port=proxy.port, start_timeout=60)
            with self.assertLogs(START_LOG, "WARNING") as logs:
                self.call_soon(proxy.pass_through)
                check(settings, serving=True)
        self.assertEqual(len(logs.output), 1)
        self.assertIn("Connection refused", logs.output[0])

    def call_soon(self, function):
        timer = threading.Timer(0.7, function)
        timer.start()
        self.addCleanup(timer.join)

    def test_server_that_does_not_come_ends_the_start(self):
        settings = self.settings(host="127.0.0.1", port=free_port(), start_timeout=1)
        logs = self.assertLogs(START_LOG, "WARNING")
        with logs, self.assertRaisesRegex(UnreachableError, "refused"):
            check(settings, serving=True)

    def test_start_that_serves_nobody_waits_for_nothing(self):
        settings = self.settings(host="127.0.0.1", port=free_port(), start_timeout=600)
        began = time.monotonic()
        with self.assertRaises(UnreachableError):
            check(settings, serving=False)
        self.assertLess(time.monotonic() - began, 300)

    def test_check_leaves_no_connection_behind(self):
        clients = {client["id"] for client in self.redis.client_list()}
        check(self.settings(), serving=True)
        self.assertLessEqual({client["id"] for client in self.redis.client_list()}, clients)
