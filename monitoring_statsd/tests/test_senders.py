import ast
from pathlib import Path

from odoo.tests import BaseCase, tagged

from .. import client, senders
from ..batch import Batch
from .common import StatsdCase


@tagged("-at_install", "post_install")
class TestSenders(StatsdCase, BaseCase):
    def test_statsd_over_udp_is_sent_by_the_client_of_the_package(self):
        sender = senders.sender_for(self.settings(), 2, (self.daemon.host, self.daemon.port))
        self.addCleanup(sender.close)
        self.assertIsInstance(sender, senders.StatsdSender)
        batch = Batch()
        batch.incr(f"counted.{self.customer}.test", 3)
        batch.timing(f"took.{self.customer}.test", 12.5)
        self.assertEqual(sender.send(batch), 0)
        self.assertEqual(self.counters("odoo.counted"), {"odoo.counted": 3})
        self.assertEqual(self.timers("odoo.took"), {"odoo.took": (1, [12.5])})

    def test_no_private_name_of_the_package_is_used(self):
        for path in Path(senders.__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                    owner = ast.unparse(node.value)
                    self.assertIn(owner, ("self", "cls", "super()"), f"{path}:{node.lineno}")

    def test_no_class_shares_its_private_names_with_the_package(self):
        for module in (client, senders):
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    for base in value.__mro__:
                        self.assertFalse(base.__module__.startswith("statsd"), (value, base))
