import os
import socket
import tempfile
import threading

from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from odoo.addons.cloud_base.tests.new_process import fork

from ..address import Address
from ..client import WAITING
from .common import StatsdCase

LOGGER = "odoo.addons.monitoring_statsd.address"


class Receiver:
    """A UDP port that only this test uses."""

    def __init__(self, case):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(30)
        case.addCleanup(self._socket.close)
        self.answer = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", self._socket.getsockname())]

    def received(self):
        return self._socket.recv(65536).decode()


@tagged("-at_install", "post_install")
class TestClient(StatsdCase, BaseCase):
    def name(self, text):
        return f"{text}.{self.customer}.test"

    def expire(self, address):
        """Make the address be looked up again, like after ``FRESH_SECONDS``."""
        address._due = 0.0

    def test_the_server_gets_counters_and_timers(self):
        client = self.client()
        client.incr(self.name("counted"), 3)
        client.timing(self.name("took"), 12.5)
        self.assertEqual(self.counters("odoo.counted"), {"odoo.counted": 3})
        self.assertEqual(self.timers("odoo.took"), {"odoo.took": (1, [12.5])})

    def test_the_prefix_is_the_one_that_is_set(self):
        self.client(STATSD_PREFIX="erp.odoo").incr(self.name("counted"))
        self.assertEqual(self.counters("erp.odoo.counted"), {"erp.odoo.counted": 1})

    def test_tags_reach_a_server_that_knows_them(self):
        client = self.client(STATSD_TAGS="dogstatsd")
        client.incr(f"counted|#customer:{self.customer},environment:test")
        client.timing(f"took|#customer:{self.customer},route:/web", 2)
        counted = f"odoo.counted;customer={self.customer};environment=test"
        self.assertEqual(self.counters(counted), {counted: 1})
        took = f"odoo.took;customer={self.customer};route=-web"
        self.assertEqual(self.timers(took), {took: (1, [2])})

    def test_a_socket_of_datagrams_gets_metrics_like_a_port(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/dsd.socket"
            client = self.client(STATSD_HOST=f"unix://{path}", STATSD_TAGS="dogstatsd")
            client.incr("before")
            client.flush()
            self.assertEqual(client.take_dropped(), 1, "there was no server yet")
            for _server in range(2):
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
                    server.bind(path)
                    server.settimeout(30)
                    client.incr("counted|#customer:acme")
                    client.timing("took", 2)
                    expected = "odoo.took:2.000000|ms\nodoo.counted:1|c|#customer:acme"
                    self.assertEqual(server.recv(65536).decode(), expected)
                os.unlink(path)
            self.assertEqual(client.dropped, 0)

    def test_a_socket_that_is_full_is_not_waited_for(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/dsd.socket"
            client = self.client(STATSD_HOST=f"unix://{path}")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
                server.bind(path)
                for number in range(5000):
                    client.incr(f"counted.{number}")
                    client.flush()
            self.assertGreater(client.dropped, 0)

    def test_a_server_of_ipv6_gets_metrics(self):
        for host in ("::1", "[::1]"):
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
                server.bind(("::1", 0))
                server.settimeout(30)
                port = server.getsockname()[1]
                variables = {"STATSD_HOST": host, "STATSD_PORT": port, "STATSD_IPV6": True}
                client = self.client(**variables)
                client.incr("counted")
                self.assertEqual(server.recv(65536).decode(), "odoo.counted:1|c")

    def test_datagrams_have_the_size_that_is_set(self):
        receiver = Receiver(self)
        address = Address("statsd.test", 1, resolve=lambda *_host: receiver.answer)
        client = self.client(address, STATSD_MAXUDPSIZE=128)
        for number in range(20):
            client.incr(f"counted.{number}")
        sizes, lines = [], []
        while len(lines) < 20:
            datagram = receiver.received()
            sizes.append(len(datagram))
            lines += datagram.split("\n")
        self.assertLessEqual(max(sizes), 128)
        self.assertGreater(len(sizes), 1)
        self.assertEqual(len(lines), 20)

    def test_the_metrics_of_a_moment_share_a_datagram(self):
        receiver = Receiver(self)
        address = Address("statsd.test", 1, resolve=lambda *_host: receiver.answer)
        client = self.client(address, STATSD_MAXUDPSIZE=128)
        client.incr("one")
        client.timing("took", 2)
        client.incr("two", 5)
        client.incr("one", 2)
        client.timing("took", 3)
        client.flush()
        timers = "odoo.took:2.000000|ms\nodoo.took:3.000000|ms"
        self.assertEqual(receiver.received(), f"{timers}\nodoo.one:3|c\nodoo.two:5|c")
        client.incr("three")
        self.assertEqual(receiver.received(), "odoo.three:1|c")

    def test_what_cannot_be_told_is_reported_and_the_rest_is_sent(self):
        receiver = Receiver(self)
        address = Address("statsd.test", 1, resolve=lambda *_host: receiver.answer)
        client = self.client(address)
        client.incr("one")
        client.gather(lambda sink, event: sink.timing(event, "no number"), "an event")
        client.incr("two")
        with self.assertLogs("odoo.addons.monitoring_statsd.client", "WARNING") as logged:
            client.flush()
        self.assertIn("The metrics of 'an event' are lost", logged.output[0])
        self.assertEqual(receiver.received(), "odoo.one:1|c\nodoo.two:1|c")

    def test_what_was_gathered_is_sent_when_a_process_ends(self):
        receiver = Receiver(self)
        address = Address("statsd.test", 1, resolve=lambda *_host: receiver.answer)
        client = self.client(address)
        client.incr("last")
        client.close()
        self.assertEqual(receiver.received(), "odoo.last:1|c")

    def test_a_host_by_name_is_looked_up_and_loses_nothing_of_the_beginning(self):
        client = self.client(Address("localhost", self.daemon.port))
        for _number in range(WAITING):
            client.incr(self.name("counted"))
        found = self.daemon.wait_for(self.counters, lambda f: f.get("odoo.counted") == WAITING)
        self.assertEqual(found, {"odoo.counted": WAITING})
        self.assertEqual(client.dropped, 0)

    def test_a_server_that_moves_is_found_again(self):
        old, new = Receiver(self), Receiver(self)
        answers = [old.answer]
        address = Address("statsd.test", 1, resolve=lambda *_host: answers[-1])
        client = self.client(address)
        client.incr("first")
        self.assertEqual(old.received(), "odoo.first:1|c")
        answers.append(new.answer)
        client.incr("second")
        self.assertEqual(old.received(), "odoo.second:1|c")
        found = threading.Event()
        address.found = found.set
        self.expire(address)
        client.incr("third")  # it goes to the last address, no caller waits
        self.assertTrue(found.wait(30))
        client.incr("fourth")
        # the third may have come late enough for the new one
        self.assertIn(new.received(), ("odoo.third:1|c", "odoo.fourth:1|c"))

    def test_while_a_name_server_is_down_the_last_address_is_used(self):
        receiver = Receiver(self)
        answers = iter([receiver.answer])
        failed = threading.Event()

        def resolve(*_host):
            for answer in answers:
                return answer
            failed.set()
            raise socket.gaierror(-3, "Temporary failure in name resolution")

        address = Address("statsd.test", 1, resolve=resolve)
        client = self.client(address)
        client.incr("first")
        self.assertEqual(receiver.received(), "odoo.first:1|c")
        self.expire(address)
        with mute_logger(LOGGER):
            client.incr("second")
            self.assertTrue(failed.wait(30))
            client.incr("third")
        received = {receiver.received(), receiver.received()}
        self.assertEqual(received, {"odoo.second:1|c", "odoo.third:1|c"})

    def test_a_name_server_that_does_not_answer_keeps_nobody_waiting(self):
        receiver = Receiver(self)
        answered = threading.Event()
        self.addCleanup(answered.set)
        calls = []

        def resolve(*_host):
            calls.append(1)
            answered.wait(60)
            return receiver.answer

        client = self.client(Address("statsd.test", 1, resolve=resolve))
        for number in range(WAITING + 5):
            client.incr(f"counted.{number}")
            client.incr("two")
            client.flush()
        # all of them were taken or dropped while the name server said nothing
        self.assertFalse(answered.is_set())
        self.assertEqual(len(calls), 1)
        self.assertEqual(client.dropped, 2 * 5)
        self.assertEqual(client.take_dropped(), 0, "the server is not known yet")
        answered.set()
        first = [receiver.received() for _datagram in range(WAITING)]
        self.assertEqual(first[-1], f"odoo.counted.{WAITING - 1}:1|c\nodoo.two:1|c")
        self.assertEqual(client.take_dropped(), 2 * 5)
        self.assertEqual(client.take_dropped(), 0)

    def test_a_host_that_does_not_exist_is_told_once_and_disturbs_nobody(self):
        address = Address("statsd.invalid", 8125)
        client = self.client(address)
        with self.assertLogs(LOGGER, "WARNING") as logged:
            for _try in range(2):
                client.incr("counted")
                self.daemon.wait_for(lambda: address._due, lambda due: due > 0)
                self.expire(address)
        self.assertEqual(len(logged.output), 1)
        self.assertIn("STATSD_HOST: statsd.invalid is not found", logged.output[0])

    def test_an_address_is_no_name_that_is_looked_up(self):
        def resolve(*_host):
            self.fail("looked up")

        self.assertEqual(Address("127.0.0.1", 8125, resolve=resolve).get(), ("127.0.0.1", 8125))
        v6 = Address("::1", 8125, ipv6=True, resolve=resolve)
        self.assertEqual((v6.family, v6.get()), (socket.AF_INET6, ("::1", 8125, 0, 0)))

    def test_what_the_system_refuses_to_send_is_dropped_and_counted(self):
        for tags in (None, "dogstatsd"):
            client = self.client(STATSD_MAXUDPSIZE=65507, STATSD_TAGS=tags)
            client.incr("x" * 70000)
            client.flush()
            self.assertEqual(client.dropped, 1)
            # a socket has to ask for the right to send to all hosts
            client = self.client(STATSD_HOST="255.255.255.255", STATSD_TAGS=tags)
            client.incr("counted")
            client.timing("took", 2)
            client.flush()
            self.assertEqual(client.dropped, 2)

    def test_a_server_that_is_gone_disturbs_nobody(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            port = gone.getsockname()[1]
        client = self.client(Address("127.0.0.1", port))
        for _number in range(10):
            client.incr("counted")
        self.assertEqual(client.dropped, 0, "UDP does not tell")

    def test_a_fork_sends_for_itself_and_nothing_of_its_parent_s(self):
        answered = threading.Event()
        self.addCleanup(answered.set)
        real = socket.getaddrinfo
        parent = os.getpid()

        def resolve(*host):
            # the parent's look-up hangs while it forks
            if os.getpid() == parent:
                answered.wait(60)
            return real("127.0.0.1", *host[1:])

        client = self.client(Address("statsd.test", self.daemon.port, resolve=resolve))
        client.incr(self.name("parent"))
        child = fork(lambda: self.send_and_wait(client))
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(self.counters("odoo.child"), {"odoo.child": 1})
        answered.set()
        found = self.counters("odoo.child", "odoo.parent")
        self.assertEqual(found, {"odoo.child": 1, "odoo.parent": 1})

    def send_and_wait(self, client):
        client.incr(self.name("child"))
        client.flush()
        found = self.daemon.wait_for(lambda: client._waiting, lambda waiting: not waiting)
        if found:
            raise RuntimeError("nothing was sent")

    def test_an_address_that_is_fresh_is_not_looked_up_again(self):
        receiver = Receiver(self)
        calls = []

        def resolve(*_host):
            calls.append(1)
            return receiver.answer

        address = Address("statsd.test", 1, resolve=resolve)
        client = self.client(address)
        for _number in range(3):
            client.incr("counted")
            receiver.received()
        self.assertEqual(len(calls), 1)
