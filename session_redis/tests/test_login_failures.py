import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from odoo.tests import BaseCase, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..login_failures import LIFETIME_SECONDS, LoginFailures, share_login_failures
from .common import RedisCase

PASSWORD = "correct-horse-battery"
ADDRESS = "2001:db8::1"
NEVER = (0, datetime.min)


@tagged("-at_install", "post_install")
class TestLoginFailures(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.failures = self.of_another_process()

    def of_another_process(self, database="production", **settings):
        return LoginFailures(self.new_store(**settings), database)

    def fail(self, failures, times=1):
        """Count failed log-ins as core does."""
        for _failure in range(times):
            number, _last = failures[ADDRESS]
            failures[ADDRESS] = (number + 1, datetime.now())

    def test_processes_count_together(self):
        another = self.of_another_process()
        self.fail(self.failures, 2)
        self.fail(another, 3)
        for failures in (self.failures, another):
            number, last = failures[ADDRESS]
            self.assertEqual(number, 5)
            self.assertLess(abs(datetime.now() - last), timedelta(seconds=60))

    def test_failures_at_the_same_time_all_count(self):
        mappings = [self.of_another_process() for _process in range(4)]
        read = [(mapping, mapping[ADDRESS][0]) for mapping in mappings for _request in range(8)]

        def fail(mapping, number):
            mapping[ADDRESS] = (number + 1, datetime.now())

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(fail, *zip(*read, strict=True)))
        self.assertEqual(self.failures[ADDRESS][0], len(read))

    def test_a_success_forgets_them_everywhere(self):
        another = self.of_another_process()
        self.fail(another, 4)
        self.failures.pop(ADDRESS, None)
        self.assertEqual((self.failures[ADDRESS], another[ADDRESS]), (NEVER, NEVER))
        self.assertFalse(list(self.redis.scan_iter(f"session:{self.prefix}:*")))

    def test_addresses_and_databases_count_apart(self):
        self.fail(self.failures)
        self.assertEqual(self.failures["192.0.2.1"], NEVER)
        self.assertEqual(self.of_another_process("staging")[ADDRESS], NEVER)

    def test_a_process_counts_for_itself_while_redis_is_away(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            failures = self.of_another_process(host=proxy.host, port=proxy.port)
            self.fail(failures)
            proxy.refuse()
            with self.assertLogs("odoo.addons.session_redis", "WARNING"):
                self.fail(failures, 5)
                self.assertGreaterEqual(failures[ADDRESS][0], 5)
                failures.pop(ADDRESS, None)
                self.assertEqual(failures[ADDRESS], NEVER)
            proxy.pass_through()

    def test_a_key_of_another_type_is_an_outage(self):
        self.redis.set(f"session:{self.prefix}:login-failures:production:{ADDRESS}", "text")
        with self.assertLogs("odoo.addons.session_redis", "ERROR"):
            self.fail(self.failures, 2)
            self.assertEqual(self.failures[ADDRESS][0], 2)

    def test_the_keys_expire_and_are_no_sessions(self):
        self.fail(self.failures)
        [key] = self.redis.scan_iter(f"session:{self.prefix}:*")
        self.assertTrue(0 < self.redis.ttl(key) <= LIFETIME_SECONDS)
        self.assertEqual(self.store.list(), [])


@tagged("-at_install", "post_install")
class TestLoginCooldown(RedisCase, HttpCase):
    """Core's rule on the server of the tests, with the failures that other front-ends counted."""

    def setUp(self):
        super().setUp()
        name = f"cooldown-{uuid.uuid4().hex}"
        new_test_user(self.env, name, "base.group_user", password=PASSWORD)
        self.login = name
        self.env["ir.config_parameter"].set_param("base.login_cooldown_after", "5")
        self.keep_login_failures()
        share_login_failures(self.store)
        self.another = LoginFailures(self.new_store(), self.env.cr.dbname)

    def log_in(self, password):
        """Return the answer of a log-in, and its error."""
        params = {"db": self.env.cr.dbname, "login": self.login, "password": password}
        answer = self.url_open(
            "/web/session/authenticate",
            data=json.dumps({"jsonrpc": "2.0", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        return (answer.get("result") or {}).get("uid"), answer.get("error", {}).get("data", {})

    @mute_logger("odoo.addons.base.models.res_users", "odoo.http")
    def test_failures_at_other_front_ends_delay_the_next_log_in(self):
        self.assertFalse(self.log_in("wrong")[0])
        [address] = [key.rpartition(b":")[2].decode() for key in self.keys()]
        self.assertEqual(self.another[address][0], 1)
        for _failure in range(4):
            self.another[address] = (1, datetime.now())
        uid, error = self.log_in(PASSWORD)
        self.assertFalse(uid)
        self.assertIn("Too many login failures", error["message"])

    @mute_logger("odoo.addons.base.models.res_users", "odoo.http")
    def test_a_log_in_forgets_the_failures_of_all_front_ends(self):
        self.assertFalse(self.log_in("wrong")[0])
        self.assertTrue(self.log_in(PASSWORD)[0])
        self.assertFalse(list(self.keys()))

    def keys(self):
        return self.redis.scan_iter(f"session:{self.prefix}:login-failures:*")
