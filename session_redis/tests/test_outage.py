import os
import socket
import warnings

from redis import ResponseError
from werkzeug.test import Client

from odoo.tests import BaseCase, tagged

from ..compat import HAS_IDENTIFIERS
from ..connection import redis_errors_as_unavailable
from ..exceptions import SessionStoreUnavailable
from .common import RedisCase, free_port

STORE_LOGGER = "odoo.addons.session_redis"


@tagged("-at_install", "post_install")
class TestOutage(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.dead = self.new_store(host="127.0.0.1", port=free_port())

    def refuses(self, function, *args):
        with self.assertLogs(STORE_LOGGER, "ERROR"), self.assertRaises(SessionStoreUnavailable):
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
        refusing = self.new_store(url=f"redis://:wrong-password@{address}")
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

    def test_silent_redis_is_asked_once_and_given_up(self):
        # without a timeout this would wait for ever
        with socket.create_server(("127.0.0.1", 0)) as silent:
            store = self.new_store(
                host="127.0.0.1", port=silent.getsockname()[1], read_timeout="0.5"
            )
            self.refuses(store.get, store.generate_key())
            silent.setblocking(False)
            silent.accept()[0].close()
            with self.assertRaises(BlockingIOError):
                silent.accept()

    def test_lost_connection_is_opened_again_at_once(self):
        session = self.new_session(uid=2)
        self.redis.client_kill_filter(_id=self.redis.client_id(), skipme=False)
        self.assertTrue(self.store.get(session.sid))

    def test_forked_process_does_not_share_the_connection(self):
        session = self.new_session(uid=2)
        with warnings.catch_warnings():
            # Python fears for the locks of other threads; the child takes none of them
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            good = all(self.store.get(session.sid).get("uid") == 2 for _number in range(100))
            os._exit(0 if good else 1)
        for _number in range(100):
            self.assertEqual(self.store.get(session.sid)["uid"], 2)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_answer_is_a_503_whatever_a_dispatcher_makes_of_it(self):
        error = SessionStoreUnavailable()
        error.error_response = "something else"
        response = Client(error.error_response).get("/")
        self.assertEqual(response.status_code, 503)
        self.assertEqual(response.headers["Retry-After"], "5")
