import os
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

from redis import ResponseError
from werkzeug.test import Client

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.events.operations import subscribe, unsubscribe
from odoo.addons.cloud_base.tests.faults import FaultProxy
from odoo.addons.cloud_base.tests.services import service

from ..compat import HAS_IDENTIFIERS
from ..exceptions import SessionStoreUnavailable
from ..redis_io.connection import Breaker, Connection
from ..redis_io.errors import redis_errors_as_unavailable
from .common import RedisCase, free_port, new_settings

STORE_LOGGER = "odoo.addons.session_redis"


@tagged("-at_install", "post_install")
class TestOutage(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.dead = self.new_store(host="127.0.0.1", port=free_port())

    def refuses(self, function, *args):
        with self.assertRaises(SessionStoreUnavailable):
            function(*args)

    def test_reading_is_a_503_and_never_an_anonymous_session(self):
        session = self.new_session(uid=2)
        self.refuses(self.dead.get, session.sid)

    def test_log_out_and_revocation_fail(self):
        session = self.new_session(uid=2)
        self.refuses(self.dead.delete, session)
        self.refuses(self.dead.rotate, self.store.get(self.new_session().sid), None)
        self.refuses(self.dead.get_missing_session_identifiers, [session.sid[:42]])

    def test_plain_save_is_given_up(self):
        with self.assertLogs(STORE_LOGGER, "ERROR"):
            self.new_session(self.dead, uid=2)

    def test_given_up_save_is_tried_again(self):
        session = self.store.get(self.new_session(uid=2).sid)
        session["changed"] = True
        with self.assertLogs(STORE_LOGGER, "ERROR"):
            self.dead.save(session)
        self.store.save(session)
        self.assertTrue(self.store.get(session.sid)["changed"])

    def test_soft_rotation_is_postponed(self):
        session = self.new_session(uid=2)
        sid, values = session.sid, dict(session)
        with self.assertLogs(STORE_LOGGER, "ERROR"):
            self.dead.rotate(session, None, soft=True)
        self.assertEqual((session.sid, dict(session)), (sid, values))

    def test_redis_that_refuses_is_unavailable(self):
        address = f"{self.server.host}:{self.server.port}"
        url = f"redis://:wrong-password@{address}"
        refusing = self.new_store(url=url, host=None, port=None, password=None)
        self.refuses(refusing.get, self.store.generate_key())

    def test_refusal_is_logged_without_the_session(self):
        session = self.new_session()
        self.redis.set(self.store.keys.index(session.sid), "no hash")
        session["uid"] = 2
        with self.assertLogs(STORE_LOGGER, "ERROR") as logs:
            if HAS_IDENTIFIERS:
                self.store.save(session)
            with self.assertRaises(SessionStoreUnavailable), redis_errors_as_unavailable():
                raise ResponseError(f"unknown command, args beginning with: {session.sid}")
        self.assertNotIn(session.sid, "".join(logs.output))
        self.assertNotIn("SET", "".join(logs.output))

    def test_silent_redis_costs_one_request_its_time_and_the_others_none(self):
        # without a timeout this would wait for ever, with one for each request for 250 s
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port, read_timeout="0.5")
            proxy.blackhole()
            with self.assertLogs(STORE_LOGGER, "ERROR") as logs:
                for _request in range(500):
                    self.refuses(store.get, store.generate_key())
        self.assertEqual(len(logs.output), 1)

    def test_redis_that_is_back_is_used_without_a_restart(self):
        session = self.new_session(uid=2)
        for fault in ("refuse", "blackhole"):
            with FaultProxy(self.server.host, self.server.port) as proxy:
                store = self.new_store(host=proxy.host, port=proxy.port, read_timeout="0.5")
                self.assertTrue(store.get(session.sid))
                getattr(proxy, fault)()
                self.refuses(store.get, session.sid)
                proxy.pass_through()
                self.wait_until_closed(store)
                self.assertTrue(store.get(session.sid))

    def test_one_thread_asks_whether_redis_is_back(self):
        with ThreadPoolExecutor(8) as pool:
            for result in [
                pool.submit(self.dead.get, self.store.generate_key()) for _n in "x" * 64
            ]:
                self.assertIsInstance(result.exception(), SessionStoreUnavailable)
        threads = [thread.name for thread in threading.enumerate()]
        self.assertEqual(threads.count("session_redis.redis_io.circuit_breaker"), 1)

    def test_question_that_fails_is_asked_again(self):
        answers = [True, OSError("of any kind")]

        def probe():
            answer = answers.pop()
            if isinstance(answer, Exception):
                raise answer
            return answer

        breaker = Breaker(probe)
        with self.assertLogs(STORE_LOGGER, "WARNING") as logs:
            breaker.open()
            self.wait_until(lambda: not breaker.is_open)
            self.wait_until(lambda: len(logs.output) == 2)
        self.assertEqual(answers, [])

    def test_without_a_thread_that_asks_the_breaker_does_not_stay_open(self):
        size = threading.stack_size(2**46)  # more than there is
        try:
            self.refuses(self.dead.get, self.store.generate_key())
        finally:
            threading.stack_size(size)
        self.assertFalse(self.dead.connection.breaker.is_open)

    def test_waiting_for_a_replica_in_vain_is_no_outage(self):
        sentinel = {"sentinel_host": "127.0.0.1", "sentinel_master_name": "x"}
        for seconds in (0.01, 0.1, 2.0):
            waiting = Connection(new_settings(**sentinel, read_timeout=seconds)).replica_wait_ms
            self.assertLess(waiting, 1000 * seconds)

    def test_breaker_is_told_to_who_counts(self):
        seen = []
        observe = lambda operation: seen.append(operation.name)  # noqa: E731
        subscribe(observe)
        self.addCleanup(unsubscribe, observe)
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)
            proxy.refuse()
            self.refuses(store.get, store.generate_key())
            proxy.pass_through()
            self.wait_until_closed(store)
        self.assertEqual(seen.count("breaker_opened"), 1)
        self.assertEqual(seen.count("breaker_closed"), 1)

    def test_forked_process_asks_for_itself(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)
            proxy.refuse()
            self.refuses(store.get, store.generate_key())
            self.assertTrue(store.connection.breaker.is_open)
            # no thread of this process is in the child
            self.assertEqual(self.forked(lambda: store.connection.breaker.is_open), False)

    def test_server_that_is_a_replica_for_a_moment_is_asked_again(self):
        # as in a fail-over: it refuses to write, and soon may again
        other = self.new_store(**self.replica_of_tests())
        client = other.connection.client
        client.replicaof("127.0.0.1", free_port())
        self.addCleanup(client.replicaof, "NO", "ONE")
        timer = threading.Timer(0.3, client.replicaof, ("NO", "ONE"))
        timer.start()
        session = self.new_session(other, uid=2)
        timer.join()
        self.assertEqual(other.list(), [session.sid])
        other.delete(session)

    def test_server_that_stays_a_replica_is_an_outage(self):
        other = self.new_store(**self.replica_of_tests(), read_timeout="0.3")
        client = other.connection.client
        client.replicaof("127.0.0.1", free_port())
        self.addCleanup(client.replicaof, "NO", "ONE")
        with self.assertLogs(STORE_LOGGER, "ERROR"):
            self.refuses(other.rotate, self.store.get(self.new_session().sid), None)
        self.assertTrue(other.connection.breaker.is_open)

    def replica_of_tests(self):
        """Return how a server is reached that these tests may make a replica."""
        server = service("redis_acl")
        return {
            **{name: server[name] for name in ("host", "port")},
            "password": server["password"],
        }

    def test_lost_connection_is_opened_again_at_once(self):
        session = self.new_session(uid=2)
        self.redis.client_kill_filter(_id=self.redis.client_id(), skipme=False)
        self.assertTrue(self.store.get(session.sid))

    def test_forked_process_does_not_share_the_connection(self):
        session = self.new_session(uid=2)
        read = lambda: all(self.store.get(session.sid).get("uid") == 2 for _n in "x" * 100)  # noqa: E731
        self.assertTrue(self.forked(read))
        for _number in range(100):
            self.assertEqual(self.store.get(session.sid)["uid"], 2)

    def forked(self, question):
        """Return what another process, forked off, answers to a yes-no question."""
        with warnings.catch_warnings():
            # Python fears for the locks of other threads; the child takes none of them
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            os._exit(1 if question() else 2)
        return {1: True, 2: False}[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]

    def test_answer_is_a_503_whatever_a_dispatcher_makes_of_it(self):
        error = SessionStoreUnavailable()
        error.error_response = "something else"
        response = Client(error.error_response).get("/")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "5")
