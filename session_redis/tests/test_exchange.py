"""An answer reaches the command that it belongs to, or no command at all."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from odoo.tests import BaseCase, tagged

from odoo.addons.cloud_base.tests.faults import FaultProxy

from ..exceptions import SessionStoreUnavailable
from .common import RedisCase

USERS = 5
TRACED = ("redis.", "odoo.addons.session_redis.")


class GreenletTimeout(BaseException):
    """As gevent's, which is raised wherever a greenlet is."""


ERRORS = (KeyboardInterrupt, SystemExit, MemoryError, GreenletTimeout)


class interrupted:
    """Raise an error at the n-th line of redis-py or of this addon that is executed."""

    def __init__(self, step):
        self.left = step
        self.error = ERRORS[step % len(ERRORS)]

    def __enter__(self):
        self.before = sys.gettrace()  # of a measurement of the coverage
        sys.settrace(self._call)
        return self

    def __exit__(self, kind, _error, _traceback):
        sys.settrace(self.before)
        return kind is not None and issubclass(kind, ERRORS)

    @property
    def happened(self):
        return self.left <= 0

    def _call(self, frame, _event, _argument):
        name = frame.f_globals.get("__name__", "")
        if not name.startswith(TRACED) or ".tests." in name:
            return None
        # Python ignores exceptions while an object is deleted
        callers = (frame, frame.f_back)
        is_deleting = any(one and one.f_code.co_name == "__del__" for one in callers)
        return None if is_deleting else self._line

    def _line(self, _frame, event, _argument):
        if event == "line":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                raise self.error
        return self._line


@tagged("-at_install", "post_install")
class TestExchange(RedisCase, BaseCase):
    def setUp(self):
        super().setUp()
        self.sessions = [self.new_session(uid=number) for number in range(2, 2 + USERS)]

    def reads(self, store, session):
        """Read a session; it is that one."""
        found = store.get(session.sid)
        self.assertEqual((found.sid, found.get("uid")), (session.sid, session["uid"]))

    def commands(self, store):
        """Each way that commands take to Redis, by name; each asks for the first session."""
        key = f"session:{self.prefix}:{self.sessions[0].sid}"
        client = store.connection.client

        def pipeline(transaction):
            pipe = client.pipeline(transaction=transaction)
            pipe.get(key)
            pipe.get(key)
            pipe.execute()

        def watched():
            with client.pipeline() as pipe:
                pipe.watch(key)
                pipe.get(key)
                pipe.multi()
                pipe.get(key)
                pipe.execute()

        return {
            "read": lambda: store.get(self.sessions[0].sid),
            "rewrite": lambda: self.changes(store, self.sessions[0].sid),
            "command": lambda: client.get(key),
            "pipeline": lambda: pipeline(False),
            "transaction": lambda: pipeline(True),
            "watched": watched,
        }

    def changes(self, store, sid):
        session = store.get(sid)
        session["step"] = random.random()
        store.save(session)

    def interrupt_everywhere(self, store):
        for name, ask in self.commands(store).items():
            with self.subTest(name):
                self.assertGreater(self.interrupt(store, ask), 20)

    def interrupt(self, store, ask):
        """Interrupt a command at each of its lines, and read the sessions of others after."""
        step = 0
        while True:
            step += 1
            with interrupted(step) as interruption, suppress(SessionStoreUnavailable):
                ask()
            if not interruption.happened:
                return step
            for session in self.sessions[1:3]:
                self.reads(store, session)
            self.transacts(store)

    def transacts(self, store):
        """Run a transaction; a change of what an interrupted one has watched does not end it."""
        key = f"session:{self.prefix}:{self.sessions[0].sid}"
        self.redis.expire(key, random.randint(1000, 2000))
        pool = store.connection.client.connection_pool
        connection = pool.get_connection()
        answers = connection.exchange(b"MULTI\r\nPING\r\nEXEC\r\n", 3)
        pool.release(connection)
        self.assertEqual(answers[2], [b"PONG"])

    def test_interruption_at_any_line_gives_no_answer_to_another_user(self):
        self.interrupt_everywhere(self.new_store())

    def test_interruption_while_a_connection_is_opened(self):
        store = self.new_store()

        def ask():
            store.connection.client.connection_pool.disconnect()
            store.get(self.sessions[0].sid)

        self.interrupt(store, ask)

    def test_doubled_answers_reach_no_other_user(self):
        chance = random.Random(5)
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)
            self.reads(store, self.sessions[0])
            for _number in range(300):
                proxy.double(times=1)
                session = chance.choice(self.sessions)
                self.reads(store, session)
                for other in chance.sample(self.sessions, 2):
                    self.reads(store, other)

    def test_doubled_answers_reach_no_other_thread(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)

            def read_often(number):
                for _number in range(100):
                    self.reads(store, self.sessions[number])
                    if number == 0:
                        proxy.double(times=1)

            with ThreadPoolExecutor(USERS) as pool, suppress(SessionStoreUnavailable):
                list(pool.map(read_often, range(USERS)))

    def test_response_that_is_doubled_before_the_next_one_logs_out_no_user(self):
        store = self.new_store()
        connection = store.connection.client.connection_pool.get_connection()
        store.connection.client.connection_pool.release(connection)
        exchange, doubled = connection.exchange, []

        def double_first_response(packed, count):
            responses = exchange(packed, count)
            if doubled:
                return responses
            doubled.append(count)
            return [responses[0], *responses][:count]

        connection.exchange = double_first_response
        self.reads(store, self.sessions[0])
        self.assertEqual(len(doubled), 1)

    def test_server_that_always_says_more_is_an_outage_and_no_session(self):
        with FaultProxy(self.server.host, self.server.port) as proxy:
            store = self.new_store(host=proxy.host, port=proxy.port)
            self.reads(store, self.sessions[0])
            proxy.double()
            self.reads(store, self.sessions[1])
            logged = self.assertLogs("odoo.addons.session_redis", "ERROR")
            with logged, self.assertRaises(SessionStoreUnavailable):
                store.get(self.sessions[2].sid)
